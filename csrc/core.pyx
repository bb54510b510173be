# cython: language_level=3, boundscheck=False, wraparound=False, freethreading_compatible=True
"""Python's way into the C core: owns the buffers, the GIL and the errors, and no algorithm."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_DecodeUTF8
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

import numpy as np

include "texts.pxi"
include "lines.pxi"
include "rows.pxi"
include "probabilities.pxi"
include "tokenizer.pxi"
include "engine.pxi"
