cdef extern from "<stdbool.h>" nogil:
    ctypedef bint c_bool "bool"

cdef extern from "rows.h" nogil:
    const size_t IMDB_PROBABILITY_BYTES
    ctypedef struct imdb_piece:
        const char *bytes
        size_t size
    ctypedef struct imdb_row_format:
        imdb_piece before[2]
        imdb_piece after
    size_t imdb_format_rows(const float *probabilities, const c_bool *positive, size_t count,
                            const imdb_row_format *format, char *out)


cdef imdb_piece piece(bytes content):
    return imdb_piece(PyBytes_AS_STRING(content), PyBytes_GET_SIZE(content))


def format_rows(const float[::1] probabilities, positive not None, bytes before_negative not None,
                bytes before_positive not None, bytes after not None):
    cdef const uint8_t[::1] is_positive = positive.view(np.uint8)
    cdef size_t count = len(probabilities), size
    if len(is_positive) != <Py_ssize_t>count:
        raise ValueError(f"{count} probabilities, but {len(is_positive)} labels")
    cdef imdb_row_format form
    form.before[0] = piece(before_negative)
    form.before[1] = piece(before_positive)
    form.after = piece(after)
    cdef size_t longest = (max(form.before[0].size, form.before[1].size) + IMDB_PROBABILITY_BYTES
                           + form.after.size)
    cdef bytes rows = PyBytes_FromStringAndSize(NULL, count * longest)
    cdef char *out = PyBytes_AS_STRING(rows)
    if count == 0:
        return rows
    with nogil:
        size = imdb_format_rows(
            &probabilities[0], <const c_bool *>&is_positive[0], count, &form, out)
    return rows[:size]
