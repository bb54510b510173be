cdef extern from "texts.h" nogil:
    ctypedef struct imdb_texts:
        const uint8_t **starts
        size_t *sizes
        size_t count, longest


cdef class Texts:
    """The texts of a batch as C sees them: `view` needs no GIL, and is valid while this lives."""
    cdef imdb_texts view
    # What owns the bytes.
    cdef object held

    def __dealloc__(self):
        free(self.view.starts)
        free(self.view.sizes)

    cdef int reserve(self, size_t count) except -1:
        self.view.starts = <const uint8_t **>malloc((count + 1) * sizeof(uint8_t *))
        self.view.sizes = <size_t *>malloc((count + 1) * sizeof(size_t))
        if self.view.starts == NULL or self.view.sizes == NULL:
            raise MemoryError("no memory for a batch of this size")
        return 0


cdef Texts view_texts(texts):
    """The view of an iterable of str or bytes; Lines are one already."""
    if isinstance(texts, Texts):
        return texts
    cdef Texts batch = Texts.__new__(Texts)
    # A list of its own: nobody else can drop a text while C reads it.
    cdef list held = list(texts)
    cdef Py_ssize_t i, size
    batch.held = held
    batch.reserve(len(held))
    for i in range(len(held)):
        text = held[i]
        if isinstance(text, bytes):
            batch.view.starts[i] = <const uint8_t *>PyBytes_AS_STRING(text)
            size = PyBytes_GET_SIZE(text)
        elif isinstance(text, str):
            # A str of ASCII is read where it is; of another, Python makes the UTF-8 and keeps it.
            try:
                batch.view.starts[i] = <const uint8_t *>PyUnicode_AsUTF8AndSize(text, &size)
            except UnicodeEncodeError:
                held[i] = encoded = text.encode("utf-8", "surrogatepass")
                batch.view.starts[i] = <const uint8_t *>PyBytes_AS_STRING(encoded)
                size = PyBytes_GET_SIZE(encoded)
        else:
            raise TypeError(f"text {i} is {type(text).__name__}, not str or bytes")
        batch.view.sizes[i] = size
        batch.view.longest = max(batch.view.longest, <size_t>size)
    batch.view.count = len(held)
    return batch
