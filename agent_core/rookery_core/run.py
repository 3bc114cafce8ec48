"""One turn in progress: the five things a strategy can do (emit, complete, call, ask, recover) and what is left of it.

Collaborators are given, never made here; a strategy sees nothing else of the program.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from rookery_core.approval.answers import Answers
from rookery_core.approval.exposure import exposure_of
from rookery_core.approval.policy import Answerer, Approver, Reply
from rookery_core.approval.taint import OWN
from rookery_core.budget import Budget
from rookery_core.errors import ModelDied, RookeryError, StepCut, StepDoubted
from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    ContextCompacted,
    Event,
    Generated,
    ModelLoading,
    ModelLost,
    ModelReady,
    PromptBuilt,
    PromptRead,
    QuestionAsked,
    Recovered,
    StepFailed,
    StepStarted,
    ThoughtFormed,
    TokenDelta,
    ToolFinished,
    ToolRequested,
    ToolStatus,
)
from rookery_core.model.base import Completion, Delta, Message, ModelBackend, ModelInfo, Reading
from rookery_core.model.window import fit
from rookery_core.reasoning import native
from rookery_core.reasoning.as_said import as_said, as_spelled
from rookery_core.reasoning.grounding import CALCULATOR, NAMED, UNACCOUNTED, doubts, reckoned, unsaid
from rookery_core.reasoning.quarantine import Reader
from rookery_core.reasoning.repetition import Repetition
from rookery_core.reasoning.step import Answer, Step, StepStream, ToolCall
from rookery_core.recovery import Failure, remedy
from rookery_core.store.sessions import SessionLog
from rookery_core.tools.contract import Risk
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.transcript import Transcript
from rookery_core.usage import Usage
from rookery_core.voice import Voice

REPAIR_TEMPERATURE = 0.7
"""After a step that could not be used: the same choice of tokens would only fail again."""
AGAIN = "You made exactly this call before, and its result is above. Answer now with what is known."
"""What is told of the same call again; its result follows once more, since small models look no further up."""


def tell_loss(model: ModelBackend, emit: Callable[[Event], object]) -> None:
    """Say that the model's process ended by itself, unless that was said already."""
    if (loss := model.take_loss()) is not None:
        emit(ModelLost(model=model.name, reason=str(loss), log=loss.log))


async def open_model(model: ModelBackend, emit: Callable[[Event], object], *, chosen: bool = False) -> ModelInfo:
    """Load the model unless it is loaded, telling how far it is; ModelError when it cannot be.

    `chosen`: it is told as ready also where it was loaded before.
    """
    tell_loss(model, emit)
    if model.info is not None and not chosen:
        return model.info

    loading = False

    def progress(fraction: float) -> None:
        nonlocal loading
        loading = True
        emit(ModelLoading(model=model.name, fraction=fraction))

    info = await model.open(progress)
    if not (loading or chosen):
        return info  # someone else was loading it, and tells
    emit(
        ModelReady(
            model=info.name,
            path=info.path,
            n_ctx=info.n_ctx,
            n_ctx_train=info.n_ctx_train,
            template=info.template,
            load_s=info.load_s,
            notes=info.notes,
        )
    )
    return info


class Run:
    """A turn of one agent."""

    def __init__(
        self,
        *,
        log: SessionLog,
        turn: int,
        transcript: Transcript,
        show: Callable[[Event], None],
        model: ModelBackend,
        voice: Voice,
        runner: ToolRunner,
        approver: Approver,
        answerer: Answerer,
        budget: Budget,
        now: Callable[[], float],
    ) -> None:
        self.budget = budget
        self.usage = Usage()
        self.unattended_denials = 0
        self.repetition = Repetition()
        self._log = log
        self._turn = turn
        self._transcript = transcript
        self._exposure = exposure_of(log.events)
        self._show = show
        self._model = model
        self._info: ModelInfo | None = None
        self._voice = voice
        self._runner = runner
        self._approver = approver
        self._answerer = answerer
        self._now = now
        self._calls = 0
        self._answers = Answers()
        self._thought = ""
        self._attempts: Counter[Failure] = Counter()
        self._unfit = 0

    # -- emit ---------------------------------------------------------------------------------------------------

    def emit(self, event: Event) -> Event:
        """Let something have happened: stored first, then taken into the transcript, then shown."""
        event = event.model_copy(update={"session": self._log.id, "turn": self._turn, "at": self._now()})
        if not event.ephemeral:
            event = self._log.append(event)
            self._transcript.apply(event)
            self._exposure = self._exposure.after(event)
        match event:
            case ApprovalResolved(by="nobody"):
                self.unattended_denials += 1
            case ThoughtFormed(text=text):
                self._thought = text
            case StepStarted():
                self._thought = ""
        self._show(event)
        return event

    # -- complete -----------------------------------------------------------------------------------------------

    async def ready(self) -> ModelInfo:
        """The model, loaded; loading is told as events."""
        self._info = await open_model(self._model, self.emit)
        return self._info

    async def complete(self, *, may_act: bool = True) -> Completion:
        """The model's next step, streamed as `TokenDelta` and kept as `Generated` however it ends.

        Raises ModelError, and StepCut when the turn's time is up. When cancelled, what was written is kept.
        """
        try:
            return await self._complete(may_act)
        except ModelDied:
            self._info = None
            tell_loss(self._model, self.emit)
            raise

    async def _complete(self, may_act: bool) -> Completion:
        info = self._info if self._info and self._model.info else await self.ready()
        given, address = self._voice.sampling, self._voice.address(info)
        sampling = replace(
            given,
            max_tokens=max(1, min(given.max_tokens, self.budget.tokens_left, info.n_ctx // 2)),
            seed=given.seed + self._log.next_seq,
            temperature=max(given.temperature, REPAIR_TEMPERATURE if self._attempts[Failure.FIXABLE] else 0.0),
            logit_bias=address.logit_bias,
        )
        encode = native.encode if address.native else list
        fitted = await fit(
            self._transcript,
            address.head,
            count=lambda messages: self._model.count(encode(messages)),
            n_ctx=info.n_ctx,
            reserve=sampling.max_tokens,
        )
        if fitted.through is not None:
            turn, step = fitted.through
            self.emit(
                ContextCompacted(
                    through_turn=turn,
                    through_step=step,
                    cut_chars=fitted.cut_chars,
                    tokens_before=fitted.n_tokens_before,
                    tokens_after=fitted.n_tokens,
                )
            )
        self.emit(PromptBuilt(n_tokens=fitted.n_tokens, n_ctx=info.n_ctx))
        grammar = (address.act if may_act else address.answer)(self._transcript.read())
        decode = native.Decoder().feed if address.native else str
        split = StepStream()
        written: list[str] = []

        def keep(stop: str, usage: Usage) -> None:
            self.usage += usage
            self.budget.tokens += usage.completion_tokens
            self.emit(Generated(text="".join(written), stop=stop, seed=sampling.seed, usage=usage))

        try:
            async with (
                asyncio.timeout(max(self.budget.seconds_left, 0.0)),
                aclosing(self._model.stream(encode(fitted.messages), sampling, grammar)) as chunks,
            ):
                async for chunk in chunks:
                    match chunk:
                        case Reading(done=done, total=total):
                            self.emit(PromptRead(done=done, total=total))
                        case Delta(text=text):
                            written.append(decode(text))
                            for channel, piece in split.feed(written[-1]):
                                self.emit(TokenDelta(channel=channel, text=piece))
                        case Completion():
                            keep(chunk.stop, chunk.usage)
                            return replace(chunk, text="".join(written))
        except TimeoutError:
            keep("interrupted", Usage(completion_tokens=len(written)))
            raise StepCut("The time for this turn is up.") from None
        except asyncio.CancelledError:
            keep("interrupted", Usage(completion_tokens=len(written)))
            raise
        except RookeryError:
            keep("failed", Usage(completion_tokens=len(written)))
            raise
        raise ModelDied("the model's answer ended without saying why; the request can be made again")

    def meant(self, step: Step) -> Step:
        """The step as it was meant: a name as the person said it, and a call that comes behind words."""
        heard = self._transcript.heard()
        address = None if self._info is None else self._voice.address(self._info)
        if isinstance(step.action, Answer) and address is not None and address.native:
            told = native.told(step.action.text, heard)
            if told is not None and isinstance(told.action, ToolCall) and told.action.tool in self._voice.tools:
                step = told
        action = step.action
        if isinstance(action, ToolCall) and action.tool in self._voice.tools:
            tool = self._runner.registry.get(action.tool).tool
            if self._voice.as_said:
                action = as_said(action, tool, self._runner.workspace, self._transcript.request, heard)
            if address is not None and address.brief:
                action = as_spelled(action, tool, heard) if self._voice.as_said else action
                absent = unsaid(action.arguments, tool.schema, heard) if self._voice.leave_out else set()
                action = action.without(absent)
        return replace(step, action=action)

    def question(self, call: ToolCall) -> None:
        """Raise StepDoubted for an argument that nothing said accounts for; once, and then the model has its way."""
        if not self._voice.check_arguments or self._attempts[Failure.DOUBTFUL] or call.tool not in self._voice.tools:
            return
        schema = self._runner.registry.get(call.tool).tool.schema
        if found := doubts(call.arguments, schema, self._transcript.heard()):
            raise StepDoubted(f"The arguments do not fit: {'; '.join(found)}. Use what was said, or ask for it.")

    def check(self, answer: str) -> None:
        """Raise StepDoubted for an answer with a number that nothing said accounts for and that could be worked out."""
        if not self._voice.check_answers or self._attempts[Failure.DOUBTFUL] or CALCULATOR not in self._voice.tools:
            return
        if found := reckoned(answer, self._transcript.heard()):
            raise StepDoubted(UNACCOUNTED.format(numbers=" and ".join(found[:NAMED])))

    # -- call and ask -------------------------------------------------------------------------------------------

    async def call(self, call: ToolCall) -> ToolFinished:
        """Carry out a tool call; whatever comes of it is an observation. The same call again is not run.

        Raises TurnPaused where a tool says that nothing more can be done now.
        """
        self._calls += 1
        call_id = f"{self._turn}.{self._calls}"
        if self.repetition.ask(call) > 1:
            self.emit(ToolRequested(call_id=call_id, tool=call.tool, arguments=call.arguments))
            finished = ToolFinished(
                call_id=call_id,
                tool=call.tool,
                status=ToolStatus.REPEATED,
                output=f"{AGAIN}\n{self.repetition.what_came(call)}".rstrip(),
                label=OWN,  # what came of it the first time is labelled there
            )
            self.emit(finished)
            return finished
        info = self._info or await self.ready()
        caller = Caller(
            session=self._log.id,
            emit=self.emit,
            approve=self.ask,
            answer=self.answer,
            complete=self.write,
            max_output=observation_limit(info.n_ctx),
            request=self._transcript.request,
            claimed=self._thought,
            answers=self._answers,
            exposure=lambda: self._exposure,
            reader=Reader(
                self._voice.quarantine,
                self.aside,
                self.emit,
                self._runner.relevance,
                info.n_ctx,
                lambda: self.budget.seconds_left,
            ),
            spotlight=self._voice.spotlight,
        )
        finished = await self._runner.call(call, call_id, caller)
        self.repetition.came(call, finished.output)
        self._unfit = self._unfit + 1 if finished.status is ToolStatus.INVALID else 0
        if finished.status is ToolStatus.OK:
            risk = self._runner.registry.get(call.tool).tool.risk
            self.repetition.done(call, effect=risk not in (Risk.PURE, Risk.READ))
        return finished

    async def ask(self, request: ApprovalRequested) -> Reply:
        """Ask the person; the budget's clock stands still meanwhile."""
        with self.budget.paused():
            return await self._approver(request)

    async def answer(self, question: QuestionAsked) -> str | None:
        """Ask the person what a tool wants to know; the budget's clock stands still meanwhile."""
        with self.budget.paused():
            return await self._answerer(question)

    async def write(self, prompt: str, max_tokens: int) -> str:
        """What the model writes to a prompt of a tool's own; it counts, and is no part of the conversation."""
        return (await self.aside([Message("user", prompt)], max_tokens)).text

    async def aside(self, messages: Sequence[Message], max_tokens: int, grammar: str | None = None) -> Completion:
        """What the model writes beside the conversation; it counts. Raises ModelError."""
        sampling = replace(
            self._voice.sampling,
            max_tokens=max(1, min(max_tokens, self.budget.tokens_left)),
            seed=self._voice.sampling.seed + self._log.next_seq,
        )
        await self.ready()
        n_written = 0
        try:
            async with aclosing(self._model.stream(messages, sampling, grammar)) as chunks:
                async for chunk in chunks:
                    if isinstance(chunk, Completion):
                        self.usage += chunk.usage
                        n_written = chunk.usage.completion_tokens
                        return chunk
                    n_written += isinstance(chunk, Delta)
        finally:
            self.budget.tokens += n_written
        raise ModelDied("the model's answer ended without saying why; the request can be made again")

    # -- recover ------------------------------------------------------------------------------------------------

    async def recover(self, error: RookeryError) -> None:
        """Do what the table says about this trouble, or raise it again once that has been tried often enough."""
        cure = remedy(error)
        self._attempts[cure.failure] += 1
        attempt = self._attempts[cure.failure]
        if attempt > (self._voice.repairs if cure.failure is Failure.FIXABLE else cure.attempts):
            raise error
        match cure.failure:
            case Failure.FIXABLE | Failure.DOUBTFUL:
                self.emit(StepFailed(failure=type(error).__name__, message=str(error)))
                self.emit(Recovered(failure=cure.failure, action="repair", attempt=attempt))
            case _:
                await asyncio.sleep(cure.pause_s(attempt))
                try:
                    await self.ready()
                except ModelDied as died:
                    await self.recover(died)
                else:
                    self.emit(Recovered(failure=cure.failure, action="restart", attempt=attempt))

    @property
    def may_mend(self) -> bool:
        """Whether a call may be tried again, after so many in a row whose arguments did not fit."""
        return self._unfit <= self._voice.repairs

    def worked(self) -> None:
        """A step worked; the count of attempts in a row begins anew."""
        self._attempts.clear()


def observation_limit(n_ctx: int) -> int:
    """Characters of one observation that a window can bear: about a quarter of it, at three characters a token."""
    return max(400, n_ctx * 3 // 4)
