"""Watching a video: load, play, pause, seek, and the end of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aspects.fake import action as happened
from aspects.fake.action import Seek
from aspects.fake.course import SECOND, Video

if TYPE_CHECKING:
    from aspects.fake.study import Study

_SPEEDS: Final = (1.0, 1.25, 1.5, 2.0)
_TOGGLES: Final = (
    (happened.TRANSCRIPT_SHOWN, happened.TRANSCRIPT_HIDDEN),
    (happened.CAPTIONS_SHOWN, happened.CAPTIONS_HIDDEN),
    (happened.CAPTION_MENU_SHOWN, happened.CAPTION_MENU_HIDDEN),
)
_NEARLY_ALL: Final = 0.95


def watch(study: Study, video: Video, time: int) -> int:
    """Watch a video, or a part of it, from where it was left; returns when the learner turns away.

    Wherever it stops, time has passed for the seconds watched, at the speed chosen. Positions are rounded
    to milliseconds, as the player does.
    """
    chance, length = study.chance, video.length
    study.note(time, happened.VIDEO_LOADED, video)
    time += int(chance.between(1.0, 6.0) * SECOND)
    if not chance.happens(0.88):
        return time
    position = study.video_positions.get(video.block_id, 0.0)
    if position >= length - 1.0:
        position = 0.0
    stop = length if chance.happens(0.6) else round(chance.between(position, length), 3)
    speed = 1.0
    furthest = position
    while True:
        study.note(time, happened.VIDEO_PLAYED, video, position)
        if chance.happens(0.1):
            time, speed = _adjust(study, video, time, position, speed)
        until = stop
        if chance.happens(0.45):
            until = round(min(stop, position + chance.between(0.05, 0.6) * length), 3)
        time += int((until - position) / speed * SECOND)
        position = until
        furthest = max(furthest, position)
        if position >= stop:
            break
        if chance.happens(0.3):
            # A learner jumps back to hear something again, or ahead over what is known.
            target = round(min(stop, max(0.0, position + chance.normal(-0.05, 0.2) * length)), 3)
            study.note(time, happened.VIDEO_SEEKED, video, Seek(position, target))
            position = target
            time += int(chance.between(0.4, 2.0) * SECOND)
        else:
            study.note(time, happened.VIDEO_PAUSED, video, position)
            time += int(min(chance.waiting(35.0) + 2.0, 400.0) * SECOND)
    study.video_positions[video.block_id] = position
    if position >= length:
        study.note(time, happened.VIDEO_STOPPED, video, length)
        if chance.happens(0.7):
            study.note(time + 150_000, happened.VIDEO_COMPLETED, video, length)
    elif chance.happens(0.85):
        # The others close the page: a play with no end.
        study.note(time, happened.VIDEO_PAUSED if chance.happens(0.8) else happened.VIDEO_STOPPED, video, position)
    if furthest >= _NEARLY_ALL * length:
        study.complete(time + 400_000, video)
    return time + int(chance.between(1.0, 8.0) * SECOND)


def _adjust(study: Study, video: Video, time: int, position: float, speed: float) -> tuple[int, float]:
    """Change the speed, or switch the transcript or the captions on or off; no time of the video passes."""
    chance = study.chance
    moment = time + int(chance.between(0.2, 0.9) * SECOND)
    if chance.happens(0.45):
        faster = chance.pick([one for one in _SPEEDS if one != speed])
        study.note(moment, happened.VIDEO_SPEED, video, Seek(speed, faster))
        return moment, faster
    shown, hidden = chance.pick(_TOGGLES)
    study.note(moment, shown, video, position)
    if chance.happens(0.5):
        moment += int(chance.between(0.5, 3.0) * SECOND)
        study.note(moment, hidden, video, position)
    return moment, speed
