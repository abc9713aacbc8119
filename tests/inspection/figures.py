"""Measuring drawn figures: boxes of texts, and whether they overlap."""

from itertools import combinations


def text_boxes(figure):
    """Bounding boxes in pixels of all texts that are drawn, with their content."""
    from matplotlib.text import Text

    figure.canvas.draw()
    beyond = set(labels_beyond_the_view(figure))
    return [
        (text.get_text(), text.get_window_extent())
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text() and text not in beyond
    ]


def labels_beyond_the_view(figure):
    """Labels of ticks that matplotlib keeps, undrawn, beyond the ends of an axis."""
    from matplotlib.axis import Axis

    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.majorTicks, *axis.minorTicks]:
            if not (axis.get_visible() and low <= tick.get_loc() <= high):
                yield from (tick.label1, tick.label2)


def overlapping(boxes):
    """Pairs of texts whose boxes share more than a pixel."""
    return [
        (a, b)
        for (a, first), (b, second) in combinations(boxes, 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > 1
        and min(first.y1, second.y1) - max(first.y0, second.y0) > 1
    ]


def assert_no_text_overlaps(figure):
    assert not overlapping(text_boxes(figure))


def assert_texts_inside(figure):
    width, height = figure.canvas.get_width_height()
    for text, box in text_boxes(figure):
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y1 <= height + 1, text
