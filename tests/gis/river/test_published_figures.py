"""Published lengths and kilometres against ours, within the error that ours states.

Sources: cuti.chula.ac.th (Thai-Lao border, inland Lao PDR, Luang Prabang), mekongregion.com
(Myanmar-Lao border), a quotation of the United Nations (Cambodia), mekong.riverawarenesskit.org
(Phnom Penh), a travel account (Jinghong to Chiang Saen). None of them is fitted.
"""

from __future__ import annotations

import geopandas as gpd
import pytest

from gis.catalogue.layer_catalogue import load
from gis.river.river import load_mekong

MEKONG: gpd.GeoDataFrame = load("mekong")


def length_km(*segments: str) -> tuple[float, float]:
    """Return length and its stated error, km, of whole segments of the layer."""
    rows = MEKONG[MEKONG["segment"].isin(segments)]
    km = rows["km_start"] - rows["km_end"]
    return float(km.sum()), float((km * rows["km_error_share"]).sum())


def between_km(*, upper: tuple[float, float], lower: tuple[float, float]) -> tuple[float, float]:
    """Return distance and its stated error, km, between two places (lon, lat)."""
    ends = [load_mekong().locate(lon=lon, lat=lat) for lon, lat in (upper, lower)]
    assert ends[0] is not None
    assert ends[1] is not None
    distance = ends[0].km - ends[1].km
    return distance, distance * max(end.km_error_share for end in ends if end is not None)


SEA = (106.755, 10.262)


@pytest.mark.parametrize(
    ("measured", "published"),
    [
        (length_km("C", "E"), 977.0),
        (length_km("B"), 235.0),
        (length_km("D", "F"), 777.0),
        (between_km(upper=(105.9653, 13.93), lower=(105.184, 10.91168)), 486.0),
        (between_km(upper=(104.941, 11.585), lower=SEA), 330.0),
        (between_km(upper=(100.795, 22.01445), lower=(100.08855, 20.27412)), 343.0),
        (between_km(upper=(102.13418, 19.8928), lower=SEA), 2119.0),
    ],
    ids=[
        "Thai-Lao border",
        "Myanmar-Lao border",
        "inland Lao PDR",
        "Cambodia",
        "Phnom Penh to the sea",
        "Jinghong to Chiang Saen",
        "Luang Prabang to the sea",
    ],
)
def test_a_published_figure_is_within_the_stated_error(
    measured: tuple[float, float], published: float
) -> None:
    km, error_km = measured
    assert km == pytest.approx(published, abs=error_km)
    assert error_km < 0.045 * published  # the stated error is no blanket
