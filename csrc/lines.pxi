cdef extern from "lines.h" nogil:
    ctypedef struct imdb_line_limits:
        size_t max_lines, max_bytes
    ctypedef struct imdb_split:
        size_t taken
        bint cut
    imdb_split imdb_split_lines(const uint8_t *block, size_t size, bint ended,
                                imdb_line_limits limits, imdb_texts *lines)


cdef class Lines(Texts):
    """Lines inside one block of bytes, made by split_lines: bytes, by number and in turn."""
    cdef readonly size_t end, size
    cdef readonly bint cut

    def __len__(self):
        return self.view.count

    def __getitem__(self, Py_ssize_t number):
        if not 0 <= number < <Py_ssize_t>self.view.count:
            raise IndexError("no line of this number")
        return PyBytes_FromStringAndSize(
            <const char *>self.view.starts[number], self.view.sizes[number])

    def __iter__(self):
        for number in range(len(self)):
            yield self[number]


def split_lines(const uint8_t[::1] block, size_t start, size_t stop, bint ended, size_t max_lines,
                size_t max_bytes):
    if not start <= stop <= <size_t>len(block):
        raise IndexError("the lines are outside the block")
    cdef Lines lines = Lines.__new__(Lines)
    cdef imdb_line_limits limits = imdb_line_limits(max_lines, max_bytes)
    cdef imdb_split split = imdb_split(0, False)
    lines.held = block
    lines.reserve(min(max_lines, stop - start))
    if start < stop:
        with nogil:
            split = imdb_split_lines(&block[start], stop - start, ended, limits, &lines.view)
    lines.end = start + split.taken
    lines.size = split.taken
    lines.cut = split.cut
    return lines
