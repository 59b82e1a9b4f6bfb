"""axe-core finds nothing on any page, folded out, in light and dark."""

from __future__ import annotations

import pytest

from tests.browser.looking import Looks
from tests.browser.pages import SCENES, Scene


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_axe_finds_nothing(looks: Looks, scene: Scene) -> None:
    assert looks[scene].faults == ()
    assert looks[scene].complaints == ()
