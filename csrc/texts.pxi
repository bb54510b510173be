# The texts of a batch as C sees them, so that the GIL is not needed while they are read.
cdef struct Texts:
    const uint8_t **starts
    size_t *sizes
    size_t count, longest


cdef int view_texts(list texts, Texts *view) except -1:
    cdef size_t i
    view.count = len(texts)
    view.longest = 0
    view.starts = <const uint8_t **>malloc((view.count + 1) * sizeof(uint8_t *))
    view.sizes = <size_t *>malloc((view.count + 1) * sizeof(size_t))
    if view.starts == NULL or view.sizes == NULL:
        raise MemoryError("no memory for a batch of this size")
    for i in range(view.count):
        text = texts[i]
        if not isinstance(text, bytes):
            raise TypeError(f"text {i} is {type(text).__name__}, not bytes")
        view.starts[i] = <const uint8_t *>PyBytes_AS_STRING(text)
        view.sizes[i] = PyBytes_GET_SIZE(text)
        view.longest = max(view.longest, view.sizes[i])
    return 0
