"""What each kind of event puts into its statement. Texts are JSON, in the order in which the library writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from aspects.logs.fast.event import (
    Doubt,
    Event,
    as_json,
    count,
    number,
    quoted,
    score,
    seconds,
    shown_block,
    text,
    truth,
)
from aspects.xapi.vocabulary import Activity, Extension, Verb


class Parts(NamedTuple):
    """The object; with a comma before them, what the context's extensions have besides and its other activities; the
    result as a field with a comma behind it; whether the course is the context's parent."""

    target: str
    result: str = ""
    extensions: str = ""
    activities: str = ""
    parent: bool = True


class Kind(NamedTuple):
    """A kind of event: its verb, and the function that makes the parts."""

    verb: str
    parts: Callable[[Event], Parts]


_INTERACTIONS: Final = {
    kind: interaction
    for interaction, kinds in {
        "choice": ("choiceresponse", "multiplechoiceresponse", "optionresponse", "choicetextresponse"),
        "numeric": ("numericalresponse",),
        "fill-in": ("stringresponse", "formularesponse", "annotationresponse", "symbolicresponse"),
        "matching": ("imageresponse",),
        "true-false": ("truefalseresponse",),
        "other": ("customresponse", "coderesponse", "externalresponse", "schematicresponse"),
    }.items()
    for kind in kinds
}
_EXAM_TYPES: Final = {
    "timed": Activity.TIMED_EXAM,
    "practice": Activity.PRACTICE_EXAM,
    "proctored": Activity.PROCTORED_EXAM,
}
_CAPTIONS: Final = {
    "show_transcript": True,
    "hide_transcript": False,
    "video_show_cc_menu": True,
    "video_hide_cc_menu": False,
    "edx.video.transcript.shown": True,
    "edx.video.transcript.hidden": False,
    "edx.video.closed_captions.shown": True,
    "edx.video.closed_captions.hidden": False,
}


def _activity(identifier: str, kind: str, more: str = "", name: str = "") -> str:
    """An object; `identifier` is JSON, `more` begins with a comma, `name` ends with one."""
    return f'{{"id":{identifier},"objectType":"Activity","definition":{{{name}"type":"{kind}"{more}}}}}'


def _named(language: str, name: str) -> str:
    return f'"name":{{"{language}":{quoted(name)}}},'


def _enrollment(event: Event) -> Parts:
    mode = quoted(text(event.data.get("mode")))
    return Parts(event.course.with_extensions(f',"extensions":{{"{Extension.TYPE}":{mode}}}'), parent=False)


def _course_result(event: Event) -> Parts:
    if event.data.get("mode"):
        raise Doubt
    return Parts(event.course.with_extensions(',"extensions":{}'), parent=False)


def _course_grade(event: Event) -> Parts:
    points, _ = score(event.data.get("percent_grade"), 1.0)
    letter = quoted(text(event.data.get("letter_grade") or "Fail"))
    return Parts(event.course.target, f'"result":{{{points},"extensions":{{"{Extension.CLASSIFICATION}":{letter}}}}},')


def _graded(event: Event, block: str, kind: str, earned: object, possible: object) -> Parts:
    points, full = score(earned, possible)
    return Parts(_activity(event.xblock(block), kind), f'"result":{{{points},"success":{truth(full)}}},')


def _subsection_grade(event: Event) -> Parts:
    data = event.data
    block = text(data.get("block_id"))
    earned, possible = data.get("weighted_total_earned"), data.get("weighted_total_possible")
    return _graded(event, block, Activity.RESOURCE, earned, possible)


def _problem_submitted(event: Event) -> Parts:
    data = event.data
    block = text(data.get("problem_id"))
    return _graded(event, block, Activity.QUESTION, data.get("weighted_earned"), data.get("weighted_possible"))


def _problem_completed(event: Event) -> Parts:
    return Parts(_activity(quoted(text(event.data.get("problem_id"))), Activity.INTERACTION))


def _answer_shown(event: Event) -> Parts:
    return Parts(_activity(event.xblock(text(event.agreed("problem_id")) + "/answer"), Activity.SOLUTION))


def _hint_shown(event: Event) -> Parts:
    hint = event.agreed("hint_index")
    if hint != 0 or type(hint) is not int:
        count(hint)
    if event.data.get("problem_id"):
        raise Doubt
    return Parts(_activity(event.xblock(f"{text(event.agreed('module_id'))}/hint/{hint}"), Activity.HINT))


def _block_completed(event: Event) -> Parts:
    share = number(event.data.get("completion"))
    if not 0 <= share <= 1:
        raise Doubt
    progress = f'"extensions":{{"{Extension.PROGRESS}":{as_json(share * 100)}}}'
    result = f'"result":{{"completion":{truth(share == 1)},{progress}}},'
    return Parts(_activity(event.xblock(text(event.data.get("block_id"))), Activity.RESOURCE), result)


def _link(event: Event) -> Parts:
    return Parts(_activity(quoted(text(event.data.get("target_url"))), Activity.LINK))


def _outline(event: Event) -> Parts:
    name = _named("en", text(event.data.get("target_name")))
    return Parts(_activity(quoted(text(event.data.get("target_url"))), Activity.MODULE, name=name))


def _step(event: Event) -> Parts:
    data = event.data
    total = f',"extensions":{{"{Extension.TOTAL_ITEMS}":{count(data.get("tab_count"))}}}'
    ends = {"next_selected": '"next unit"', "previous_selected": '"previous unit"'}
    end = ends.get(event.name.rsplit(".", 1)[1]) or str(count(data.get("target_tab")))
    start = count(data.get("current_tab"))
    extensions = f',"{Extension.STARTING_POSITION}":{start},"{Extension.ENDING_POINT}":{end}'
    return Parts(_activity(event.xblock(text(data.get("id"))), Activity.RESOURCE, total), "", extensions)


def _video(event: Event, result: str = "") -> Parts:
    block = f"block-v1:{event.course.key[10:]}+type@video+block@{text(event.data.get('id'))}"
    length = seconds(event.data.get("duration"))
    extensions = f',"{Extension.VIDEO_LENGTH}":{length}'
    return Parts(_activity(event.xblock(block), Activity.VIDEO), result, extensions)


def _position(event: Event) -> object:
    return event.data.get("current_time") or event.data.get("currentTime")


def _video_position(event: Event) -> Parts:
    return _video(event, f'"result":{{"extensions":{{"{Extension.TIME}":{seconds(_position(event))}}}}},')


def _video_completed(event: Event) -> Parts:
    length = number(event.data.get("duration"))
    result = f'"duration":"{_period(length)}","extensions":{{"{Extension.TIME}":{seconds(length)}}}'
    return _video(event, f'"result":{{"completion":true,{result}}},')


def _period(length: float) -> str:
    """Seconds as an ISO 8601 duration. Raises Doubt for more than one digit behind the point, or a day."""
    if not 0 < length < 86_400 or round(length, 1) != length:
        raise Doubt
    minutes, rest = divmod(round(length * 10), 600)
    hours, minutes = divmod(minutes, 60)
    larger = f"{hours:02d}H{minutes:02d}M" if hours else f"{minutes:02d}M" if minutes else ""
    return f"PT{larger}{rest // 10:02d}{f'.{rest % 10}' if rest % 10 else ''}S"


def _video_seeked(event: Event) -> Parts:
    start, end = seconds(event.data.get("old_time")), seconds(event.data.get("new_time"))
    return _video(event, f'"result":{{"extensions":{{"{Extension.TIME_FROM}":{start},"{Extension.TIME_TO}":{end}}}}},')


def _video_speed(event: Event) -> Parts:
    before, after = (quoted(text(event.data.get(name)) + "x") for name in ("old_speed", "new_speed"))
    return _video(
        event, f'"result":{{"extensions":{{"{Extension.SPEED_FROM}":{before},"{Extension.SPEED_TO}":{after}}}}},'
    )


def _captions(event: Event) -> Parts:
    position = _position(event)
    # The library takes a position of 0 for none where it is called current_time.
    none = position is None and type(event.data.get("current_time")) in (int, float)
    time = "" if none else f'"{Extension.TIME}":{seconds(position)},'
    shown = truth(_CAPTIONS[event.name])
    return _video(event, f'"result":{{"extensions":{{{time}"{Extension.CAPTIONS}":{shown}}}}},')


def _forum(event: Event) -> Parts:
    identifier = text(event.data.get("id"))
    path = text(event.context.get("path")).rstrip("/").replace(identifier, "").rstrip("/")
    title = event.data.get("title")
    name = "" if title is None else _named("en", text(title))
    address = quoted(f"{event.lms_url}{path}/{identifier}")
    target = _activity(address, Activity.DISCUSSION, name=name)
    extensions = ""
    if event.name == "edx.forum.thread.created":
        extensions = f',"{Extension.TYPE}":{quoted(text(event.agreed("thread_type")))}'
    elif event.name.endswith(".voted"):
        extensions = f',"{Extension.TYPE}":{quoted(text(event.agreed("vote_value")))}'
    if "discussion" not in event.data:
        return Parts(target, "", extensions)
    discussion = event.data["discussion"]
    if type(discussion) is not dict:
        raise Doubt
    thread = quoted(f"{event.lms_url}/api/discussion/v1/threads/{text(discussion.get('id'))}")
    return Parts(target, "", extensions, f',"grouping":[{_activity(thread, Activity.DISCUSSION)}]')


def _exam(event: Event) -> Parts:
    data = event.whole["event"]
    if type(data) is not dict:
        raise Doubt
    limit = count(data.get("exam_default_time_limit_mins"))
    if data.get("attempt_allowed_time_limit_mins") != limit:
        raise Doubt
    name = _named("en", text(data.get("exam_name")))
    more = f',"extensions":{{"{Extension.TIME_LIMIT}":{limit}}}'
    kind = _EXAM_TYPES[event.name.split(".")[2]]
    target = _activity(quoted(text(data.get("exam_content_id"))), kind, more, name)
    facts = [f'"{Extension.ATTEMPT_STARTED}":{quoted(text(data.get("attempt_started_at")))}']
    if data.get("attempt_completed_at") is not None:
        facts.append(f'"{Extension.ATTEMPT_COMPLETED}":{quoted(text(data["attempt_completed_at"]))}')
    if data.get("attempt_event_elapsed_time_secs") is not None:
        elapsed = number(data["attempt_event_elapsed_time_secs"])
        if not elapsed:
            raise Doubt
        facts.append(f'"{Extension.DURATION}":{as_json(elapsed)}')
    facts.append(f'"{Extension.ATTEMPT_ID}":{count(data.get("attempt_id"))}')
    extensions = f',"extensions":{{{",".join(facts)}}}'
    attempt = _activity(quoted(text(data.get("attempt_code"))), Activity.EXAM_ATTEMPT, extensions, name)
    return Parts(target, activities=f',"grouping":[{attempt}]')


def check_sent(event: Event) -> Parts:
    """The browser's problem_check: the form that is sent, which does not name the problem; the page's address does."""
    if type(event.data) is not str or any(
        event.found(name) is not None for name in ("submission", "display_name", "response_type")
    ):
        raise Doubt
    block = shown_block(text(event.whole.get("referer")))
    if not block:
        raise Doubt
    return Parts(_activity(event.xblock(block), Activity.INTERACTION, ',"interactionType":"other"'))


class Question(NamedTuple):
    """One question of a check: its input's id, and its parts."""

    child: str
    parts: Parts


def checked(event: Event) -> tuple[Parts, list[Question]]:
    """The server's problem_check: the whole, and the questions when there are several. In a question's parts the
    activities are without the parent, which is `group`."""
    data = event.data
    if type(data) is not dict:
        raise Doubt
    text(event.whole.get("referer"))
    problem = text(data.get("problem_id"))
    submissions = event.agreed("submission")
    if type(submissions) is not dict or not submissions:
        raise Doubt
    # The library looks a type of answer up that stands anywhere, whatever it is.
    if type(event.found("response_type")) in (dict, list):
        raise Doubt
    attempts = data.get("attempts")
    more = "" if attempts is None else f',"extensions":{{"{Extension.ATTEMPT_ID}":{count(attempts)}}}'
    answers = [_Submission.read(child, one) for child, one in submissions.items()]
    points, _ = score(event.agreed("grade"), event.agreed("max_grade"))
    first, several = answers[0], len(answers) > 1
    definition = first.definition("other" if several else first.interaction, more)
    kind = "GroupActivity" if several else "Activity"
    target = f'{{"id":{event.xblock(problem)},"objectType":"{kind}","definition":{definition}}}'
    whole = Parts(target, f'"result":{{{points},"success":{first.correct},"response":{first.response}}},')
    if not several:
        return whole, []
    before = problem.rpartition("@")[0]
    return whole, [one.question(event, before, more) for one in answers]


class _Submission(NamedTuple):
    """What was answered to one question; all but `child` and `interaction` as JSON."""

    child: str
    prompt: str
    response: str
    correct: str
    interaction: str

    @classmethod
    def read(cls, child: str, one: Any) -> _Submission:
        if type(one) is not dict or one.get("response_type") not in _INTERACTIONS:
            raise Doubt
        prompt, response = quoted(text(one.get("question"))), quoted(text(one.get("answer")))
        return cls(child, prompt, response, truth(one.get("correct")), _INTERACTIONS[one["response_type"]])

    def definition(self, interaction: str, more: str) -> str:
        return (
            f'{{"description":{{"en-US":{self.prompt}}},"type":"{Activity.INTERACTION}",'
            f'"interactionType":"{interaction}"{more}}}'
        )

    def question(self, event: Event, before: str, more: str) -> Question:
        address = event.xblock(f"{before}@{text(self.child)}" if before else text(self.child))
        definition = self.definition(self.interaction, more)
        target = f'{{"id":{address},"objectType":"Activity","definition":{definition}}}'
        result = f'"result":{{"success":{self.correct},"response":{self.response}}},'
        return Question(self.child, Parts(target, result, "", f',"grouping":[{event.course.as_parent}]'))


PROBLEM_CHECK: Final = "problem_check"
KINDS: Final[dict[str, Kind]] = {
    "edx.course.enrollment.activated": Kind(Verb.REGISTERED, _enrollment),
    "edx.course.enrollment.mode_changed": Kind(Verb.REGISTERED, _enrollment),
    "edx.course.enrollment.deactivated": Kind(Verb.UNREGISTERED, _enrollment),
    "edx.course.grade.passed.first_time": Kind(Verb.PASSED, _course_result),
    "edx.course.grade.now_passed": Kind(Verb.PASSED, _course_result),
    "edx.course.grade.now_failed": Kind(Verb.FAILED, _course_result),
    "edx.grades.course.grade_calculated": Kind(Verb.EARNED, _course_grade),
    "edx.grades.subsection.grade_calculated": Kind(Verb.EARNED, _subsection_grade),
    "edx.grades.problem.submitted": Kind(Verb.ATTEMPTED, _problem_submitted),
    "edx.problem.completed": Kind(Verb.COMPLETED, _problem_completed),
    "edx.problem.hint.demandhint_displayed": Kind(Verb.ASKED, _hint_shown),
    "showanswer": Kind(Verb.ASKED, _answer_shown),
    "edx.completion.block_completion.changed": Kind(Verb.PROGRESSED, _block_completed),
    "edx.ui.lms.link_clicked": Kind(Verb.NAVIGATED, _link),
    "edx.ui.lms.outline.selected": Kind(Verb.NAVIGATED, _outline),
    "edx.ui.lms.sequence.outline.selected": Kind(Verb.NAVIGATED, _outline),
    "edx.ui.lms.sequence.next_selected": Kind(Verb.NAVIGATED, _step),
    "edx.ui.lms.sequence.previous_selected": Kind(Verb.NAVIGATED, _step),
    "edx.ui.lms.sequence.tab_selected": Kind(Verb.NAVIGATED, _step),
    **dict.fromkeys(("load_video", "edx.video.loaded"), Kind(Verb.INITIALIZED, _video)),
    **dict.fromkeys(("play_video", "edx.video.played"), Kind(Verb.PLAYED, _video_position)),
    **dict.fromkeys(("pause_video", "edx.video.paused"), Kind(Verb.PAUSED, _video_position)),
    **dict.fromkeys(("stop_video", "edx.video.stopped"), Kind(Verb.TERMINATED, _video_position)),
    **dict.fromkeys(("complete_video", "edx.video.completed"), Kind(Verb.COMPLETED, _video_completed)),
    **dict.fromkeys(("seek_video", "edx.video.position.changed"), Kind(Verb.SEEKED, _video_seeked)),
    "speed_change_video": Kind(Verb.INTERACTED, _video_speed),
    **dict.fromkeys(_CAPTIONS, Kind(Verb.INTERACTED, _captions)),
    "edx.forum.thread.viewed": Kind(Verb.VIEWED, _forum),
    "edx.forum.thread.voted": Kind(Verb.VOTED, _forum),
    "edx.forum.response.voted": Kind(Verb.VOTED, _forum),
    **{
        f"edx.forum.{post}.{happened}": Kind(verb, _forum)
        for post in ("thread", "response", "comment")
        for happened, verb in {
            "created": Verb.POSTED,
            "edited": Verb.EDITED,
            "deleted": Verb.DELETED,
            "reported": Verb.REPORTED,
            "unreported": Verb.UNREPORTED,
        }.items()
    },
    **{
        f"edx.special_exam.{exam}.attempt.{happened}": Kind(verb, _exam)
        for exam in _EXAM_TYPES
        for happened, verb in {"created": Verb.INITIALIZED, "submitted": Verb.TERMINATED}.items()
    },
}
"""Every kind but problem_check, which the server and the browser write in different ways."""
