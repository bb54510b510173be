"""Convolution and max over time from products computed once a word.

A filter's value on a window is a sum of products, one for each word of the window, that depend on
the word and its place alone. A batch names a few thousand words tens of thousands of times, so the
products are computed once a word and gathered; and through the maximum the gradient reaches one
window a filter and review, so going back is a scatter into the products and no convolution.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# So many values of the windows' sums are held at a time: they stay in the processor's cache.
_SUMS_AT_ONCE = 2**19


def largest_windows(products: list[Tensor], words: Tensor, windows: Tensor) -> Tensor:
    """The largest sum of each filter over the windows of each review, float32 [batch, filters].

    Parameters
    ----------
    products
        One tensor for each place in the window, [words, filters]: what a word adds there.
    words
        int64 [batch, sequence]: rows of ``products``, with at least ``len(products) - 1`` more
        than ``windows`` asks for.
    windows
        int64 [batch], at least 1: how many windows of each review count, from its first word on.
    """
    largest: Tensor = _LargestWindows.apply(words, windows, *products)  # type: ignore[no-untyped-call]
    return largest


class _LargestWindows(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, words: Tensor, windows: Tensor, *products: Tensor) -> Tensor:
        filters = products[0].shape[1]
        span = int(windows.max())
        position = torch.arange(span, device=words.device)
        # Beyond a review's windows its first is seen again, which changes no maximum.
        starts = torch.where(position < windows[:, None], position, 0)
        largest = products[0].new_empty(len(words), filters)
        place = words.new_empty(len(words), filters)
        step = max(1, _SUMS_AT_ONCE // (span * filters))
        for first in range(0, len(words), step):
            part = slice(first, first + step)
            total = torch.nn.functional.embedding(words[part].gather(1, starts[part]), products[0])
            for offset in range(1, len(products)):
                rows = words[part].gather(1, starts[part] + offset)
                total += torch.nn.functional.embedding(rows, products[offset])
            torch.max(total, dim=1, out=(largest[part], place[part]))
        ctx.save_for_backward(words, starts.gather(1, place))
        ctx.shape, ctx.offsets = products[0].shape, len(products)
        return largest.float()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        words, place = ctx.saved_tensors
        filter_number = torch.arange(gradient.shape[1], device=words.device).expand_as(place)
        gradients = []
        for offset in range(ctx.offsets):
            rows = words.gather(1, place + offset)
            scattered = gradient.new_zeros(ctx.shape)
            scattered.index_put_((rows, filter_number), gradient, accumulate=True)
            gradients.append(scattered)
        return None, None, *gradients
