"""Every page is pictured for people to look at, and nothing of it is off the page or cut at any width."""

from __future__ import annotations

import pytest

from tests.browser.looking import Looks
from tests.browser.pages import SCENES, Scene


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_everything_can_be_read_at_every_width(looks: Looks, scene: Scene) -> None:
    assert looks[scene].language == scene.language
    assert looks[scene].unreadable == ()
    assert all(picture.stat().st_size for picture in looks[scene].pictures)
