"""grid_sample at and outside the border of the image, by padding mode."""

from livedocs.declare import VJP
from rules.images.grid_sample import CLIPPED, CORNERS, HALF, HALF_CORNERS, OUTSIDE, PLACE, declared, hat, places, slope


def _rule(*what, **more) -> VJP:
    return VJP(**declared(*what, **more))


RULES = [
    _rule(
        padding="border",
        variant="border",
        formula=hat(PLACE, "clipped to 0, W − 1"),
        gradient=slope(HALF, CLIPPED),
        special=places(on_a_column="-0.25", on_the_last_column="0.75", at_the_border="1.0", beyond="2.0"),
    ),
    _rule(
        padding="reflection",
        variant="reflection",
        formula=hat(PLACE, "mirrored at −½, W − ½, then clipped"),
        gradient=slope(r"\pm" + HALF, CLIPPED),
        special=places(on_the_last_column="0.75", at_the_border="1.0", on_a_mirrored_column="1.75", beyond="2.0"),
    ),
    _rule(
        corners=True,
        variant="align_corners=True",
        formula=hat(CORNERS),
        gradient=slope(HALF_CORNERS, OUTSIDE),
        special=places(at_the_border="1.0", beyond="2.0"),
    ),
    _rule(
        padding="border",
        corners=True,
        variant="border, align_corners=True",
        formula=hat(CORNERS, "clipped to 0, W − 1"),
        gradient=slope(HALF_CORNERS, CLIPPED),
        special=places(at_the_border="1.0", beyond="2.0"),
    ),
    _rule(
        padding="reflection",
        corners=True,
        variant="reflection, align_corners=True",
        formula=hat(CORNERS, "mirrored at 0, W − 1"),
        gradient=slope(r"\pm" + HALF_CORNERS),
        special=places(at_the_border="1.0", beyond="2.0"),
    ),
]
