/** The lesson that is open, beside the stage: its text, goals and hints, and what happens when it is solved. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Goal, Lesson, LessonGoal } from '../../sim/frames';
import { openAgain } from '../../state/open';
import { attempt } from '../../state/problems';
import { acted, goals } from '../../state/run';
import { openView } from '../../state/selection';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { views } from '../registry';
import { loadLessons } from './catalogue';
import { current, hintsShown, leaveLesson, outcome, reached } from './current';
import { Markdown, Phrase } from './Markdown';
import { PARTS } from './parts';
import { Solved } from './Solved';
import { Stars } from './Stars';
import { say } from './say';
import { stars } from './score';
import { text } from './text';
import { stopTyping, typeLine, typeSolution, typing } from './typing';
import '../yaml/fields.css';
import './LessonPanel.css';

export function LessonPanel() {
  const entry = current.value;
  const scroll = useRef<HTMLDivElement>(null);
  const name = entry?.lesson.name;
  // The way on to the next lesson, and the terrarium.
  useEffect(() => attempt(loadLessons()), []);
  // Another lesson begins at its beginning
  useEffect(() => {
    scroll.current?.scrollTo(0, 0);
  }, [name]);
  if (!entry) {
    return null;
  }
  const { lesson } = entry;
  return (
    <section class="lesson" aria-labelledby="lesson-title">
      <Head lesson={lesson} />
      <div class="lesson-scroll" ref={scroll} tabIndex={-1}>
        <Markdown source={say(lesson.text)} onRun={line => attempt(typeLine(line))} opens={viewNamed} />
        <Hints lesson={lesson} />
      </div>
      <div class="lesson-dock">
        {outcome.value ? (
          <Solved lesson={lesson} outcome={outcome.value} />
        ) : (
          <>
            <Goals lesson={lesson} />
            <Tools lesson={lesson} />
          </>
        )}
      </div>
    </section>
  );
}

/** What opens the view that a lesson's text names in bold: **Ownership** view. */
function viewNamed(words: string): (() => void) | null {
  const view = views.find(({ title }) => title() === words);
  return view ? () => openView(view.name) : null;
}

function Head({ lesson }: { lesson: Lesson }) {
  const part = PARTS.find(({ number }) => number === lesson.part);
  return (
    <header class="lesson-head">
      <div>
        <p class="lesson-part">
          {part && (
            <>
              {part.number} · {say(part.title)}
            </>
          )}
        </p>
        <h2 id="lesson-title">{say(lesson.title)}</h2>
      </div>
      <Button variant="quiet" icon="lessons" label={text().index} onClick={() => openView('lessons')} />
      <Button variant="quiet" icon="close" label={text().leave} onClick={() => attempt(leaveLesson())} />
    </header>
  );
}

function Goals({ lesson }: { lesson: Lesson }) {
  const now = goals.value;
  return (
    <div class="goals">
      <div class="goals-head">
        <h3 id="lesson-goals">{text().goals}</h3>
        <span class="numbers">{text().reached(String(reached.value), String(lesson.goals.length))}</span>
        <Score lesson={lesson} />
      </div>
      <ul aria-labelledby="lesson-goals">
        {lesson.goals.map((goal, at) => (
          <GoalRow key={goal.that} goal={goal} now={now[at]} />
        ))}
      </ul>
      <p class="visually-hidden" role="status">
        {text().goals}: {text().reached(String(reached.value), String(lesson.goals.length))}
      </p>
    </div>
  );
}

function GoalRow({ goal, now }: { goal: LessonGoal; now: Goal | undefined }) {
  const holds = now?.holds ?? false;
  return (
    <li class={`goal ${holds ? 'holds' : ''}`}>
      <svg class="goal-sign" viewBox="0 0 16 16" aria-hidden="true">
        <circle cx="8" cy="8" r="6.5" />
        <path d="M4.8 8.3l2.3 2.3l4.2-4.8" pathLength="1" />
      </svg>
      <span>
        <Phrase source={say(goal.say)} />
        {!holds && now?.found && (
          <span class="goal-found">
            {text().foundNow} {now.found}
          </span>
        )}
        <span class="visually-hidden"> ({holds ? text().goalReached : text().goalOpen})</span>
      </span>
    </li>
  );
}

function Hints({ lesson }: { lesson: Lesson }) {
  const shown = hintsShown.value;
  const last = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (shown > 0) {
      last.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    }
  }, [shown]);
  if (shown === 0) {
    return null;
  }
  const all = String(lesson.hints.length);
  return (
    <ol class="hints" aria-live="polite">
      {lesson.hints.slice(0, shown).map((hint, at) => (
        <li key={hint.en} class="hint" {...(at === shown - 1 ? { ref: last } : {})}>
          <p class="hint-number">{text().hintOf(String(at + 1), all)}</p>
          <Markdown source={say(hint)} onRun={line => attempt(typeLine(line))} opens={viewNamed} />
        </li>
      ))}
    </ol>
  );
}

function Tools({ lesson }: { lesson: Lesson }) {
  const [asking, setAsking] = useState(false);
  const left = lesson.hints.length - hintsShown.value;
  if (typing.value) {
    return (
      <div class="lesson-tools">
        <span class="lesson-typing" role="status">
          {text().typing}
        </span>
        <Button onClick={stopTyping}>{text().stop}</Button>
      </div>
    );
  }
  return (
    <div class="lesson-tools">
      <Button
        variant="quiet"
        icon="info"
        disabled={left === 0}
        title={left === 0 ? text().noMoreHints : text().moreHints(String(left))}
        onClick={() => {
          hintsShown.value += 1;
        }}
      >
        {text().hint}
      </Button>
      <Button variant="quiet" icon="eye" onClick={() => setAsking(true)}>
        {text().solution}
      </Button>
      <Button variant="quiet" icon="restart" title={text().reset} onClick={() => attempt(openAgain())}>
        {text().anew}
      </Button>
      {asking && (
        <Dialog title={text().showSolution} close={() => setAsking(false)}>
          <p>{text().solutionSure}</p>
          <div class="dialog-answers">
            <Button onClick={() => setAsking(false)}>{text().cancel}</Button>
            <Button
              variant="primary"
              onClick={() => {
                setAsking(false);
                attempt(typeSolution());
              }}
            >
              {text().typeIt}
            </Button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

/** What the lesson would be worth if it were solved now. */
function Score({ lesson }: { lesson: Lesson }) {
  const used = acted.value;
  return (
    <span class="lesson-score" title={text().usedTip}>
      <Stars count={stars(used, lesson.par)} size={13} />
      <span class="numbers">
        {text().used(String(used))} · {text().par(String(lesson.par))}
      </span>
    </span>
  );
}
