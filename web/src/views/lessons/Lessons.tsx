/** The lessons: what there is to learn, and the terrarium of what was learned. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { isProblem } from '../../sim/client';
import type { Problem } from '../../sim/frames';
import { attempt } from '../../state/problems';
import { openView } from '../../state/selection';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Empty } from '../../ui/Empty';
import { FileInput } from '../../ui/FileInput';
import { Icon } from '../../ui/Icon';
import { addLesson, beds, type Entry, lessons, loadLessons, ownLessons, removeLesson } from './catalogue';
import { current, openLesson } from './current';
import { byPart } from './parts';
import { forgetAll, progress } from './progress';
import { Stars } from './Stars';
import { say } from './say';
import { Terrarium } from './Terrarium';
import { text } from './text';
import '../yaml/fields.css';
import './Lessons.css';

export function LessonsView() {
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    loadLessons().catch(thrown => setFailed(isProblem(thrown) ? thrown.message : String(thrown)));
  }, []);
  if (failed) {
    return (
      <Empty icon="warning" title={text().unreadable}>
        {failed}
      </Empty>
    );
  }
  const all = lessons.value;
  if (all.length === 0) {
    return <div class="loading" role="status" aria-label={text().loading} />;
  }
  const entries = new Map(all.map(entry => [entry.lesson.name, entry]));
  return (
    <div class="lessons">
      <div class="lessons-page">
        <Hero all={all} />
        {byPart(all.map(({ lesson }) => lesson)).map(({ part, lessons: group }) => (
          <section key={part.number} class="lessons-part" aria-labelledby={`part-${part.number}`}>
            <header>
              <span class="lessons-number" aria-hidden="true">
                {part.number}
              </span>
              <div>
                <h3 id={`part-${part.number}`}>{say(part.title)}</h3>
                <p>{say(part.about)}</p>
              </div>
            </header>
            <ul>
              {group.map(({ name }) => {
                const entry = entries.get(name);
                return entry && <Row key={name} entry={entry} />;
              })}
            </ul>
          </section>
        ))}
        <Own />
      </div>
    </div>
  );
}

function Hero({ all }: { all: readonly Entry[] }) {
  const [asking, setAsking] = useState(false);
  const known = progress.value;
  const solved = all.filter(({ lesson }) => known[lesson.name]);
  const earned = solved.reduce((sum, { lesson }) => sum + (known[lesson.name]?.stars ?? 0), 0);
  const next = all.find(({ lesson }) => !known[lesson.name]);
  return (
    <header class="lessons-hero">
      <Terrarium beds={beds.value} progress={known} label={text().garden(String(solved.length), String(all.length))} />
      <div class="lessons-words">
        <h2>{text().title}</h2>
        <p>{text().intro}</p>
        <p class="lessons-count numbers">
          <span>{text().solvedOf(String(solved.length), String(all.length))}</span>
          <span>{text().starsOf(String(earned), String(all.length * 3))}</span>
        </p>
        {next ? (
          <div class="lessons-next">
            <Button variant="primary" icon="play" onClick={() => attempt(openLesson(next))}>
              {solved.length === 0 ? text().begin : text().goOn}
            </Button>
            <span>{say(next.lesson.title)}</span>
          </div>
        ) : (
          <p class="lessons-bloom">{text().allSolved}</p>
        )}
        {solved.length > 0 && (
          <button type="button" class="lessons-forget" onClick={() => setAsking(true)}>
            {text().forget}
          </button>
        )}
      </div>
      {asking && (
        <Dialog title={text().forget} close={() => setAsking(false)}>
          <p>{text().forgetSure}</p>
          <div class="dialog-answers">
            <Button onClick={() => setAsking(false)}>{text().cancel}</Button>
            <Button
              variant="danger"
              onClick={() => {
                forgetAll();
                setAsking(false);
              }}
            >
              {text().forget}
            </Button>
          </div>
        </Dialog>
      )}
    </header>
  );
}

function Row({ entry, onRemove }: { entry: Entry; onRemove?: () => void }) {
  const { lesson } = entry;
  const result = progress.value[lesson.name];
  const open = current.value?.lesson.name === lesson.name;
  return (
    <li class={`lesson-row ${result ? 'solved' : ''} ${open ? 'open' : ''}`}>
      <button type="button" onClick={() => attempt(openLesson(entry))} {...(open ? { 'aria-current': true } : {})}>
        <span class="lesson-tick">
          {result ? <Icon name="check" size={14} /> : null}
          <span class="visually-hidden">{result ? text().solved : text().notSolved}</span>
        </span>
        <span class="lesson-name">
          <span class="lesson-title">{say(lesson.title)}</span>
          <span class="lesson-summary">{say(lesson.summary)}</span>
        </span>
        <span class="lesson-side">
          {result ? (
            <Stars count={result.stars} />
          ) : (
            <span class="lesson-minutes numbers">{text().minutes(String(lesson.minutes))}</span>
          )}
        </span>
      </button>
      {onRemove && <Button variant="quiet" icon="trash" label={text().remove(say(lesson.title))} onClick={onRemove} />}
    </li>
  );
}

function Own() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File) => {
    try {
      setProblem(null);
      await openLesson(await addLesson(file.name.replace(/\.ya?ml$/, ''), await file.text()));
    } catch (thrown) {
      if (!isProblem(thrown)) {
        throw thrown;
      }
      setProblem(thrown);
    }
  };
  return (
    <section class="lessons-part lessons-own" aria-labelledby="own-lessons">
      <header>
        <span class="lessons-number">
          <Icon name="builder" />
        </span>
        <div>
          <h3 id="own-lessons">{text().own}</h3>
          <p>{text().ownAbout}</p>
        </div>
      </header>
      {ownLessons.value.length > 0 && (
        <ul>
          {ownLessons.value.map(entry => (
            <Row key={entry.lesson.name} entry={entry} onRemove={() => removeLesson(entry.lesson.name)} />
          ))}
        </ul>
      )}
      <div class="lessons-tools">
        <Button icon="builder" onClick={() => openView('builder')}>
          {text().build}
        </Button>
        <Button icon="upload" onClick={() => input.current?.click()}>
          {text().importFile}
        </Button>
        <FileInput input={input} accept=".yaml,.yml" take={file => attempt(take(file))} />
      </div>
      {problem && (
        <div class="lessons-problem" role="alert">
          <strong>{text().notALesson}</strong>
          <p>
            {problem.line > 0 && <span class="numbers">{problem.line}: </span>}
            {problem.message}
          </p>
          {problem.help && <p>{problem.help}</p>}
        </div>
      )}
    </section>
  );
}
