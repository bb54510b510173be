cdef extern from "<math.h>" nogil:
    double tanh(double value)


def probabilities(const float[::1] logits, double temperature):
    found = np.empty(len(logits), dtype=np.float32)
    cdef float[::1] out = found
    cdef Py_ssize_t i
    cdef double half = 0.5 / temperature
    with nogil:
        for i in range(len(logits)):
            out[i] = <float>(0.5 * (tanh(logits[i] * half) + 1))
    return found
