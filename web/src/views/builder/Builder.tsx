/** The level builder: a lesson is made by playing it. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { download } from '../../app/save';
import { isProblem, sim } from '../../sim/client';
import { attempt, notify } from '../../state/problems';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { FileInput } from '../../ui/FileInput';
import { Icon } from '../../ui/Icon';
import { Menu, MenuItem } from '../../ui/Menu';
import { lessons, loadLessons, ownLessons } from '../lessons/catalogue';
import { PARTS } from '../lessons/parts';
import { say } from '../lessons/say';
import { draftOf, emptyDraft, lacks, nobody, untranslated } from './draft';
import { BothField, Field, NumberField } from './Fields';
import { Goals } from './Goals';
import { Start } from './Start';
import { draft, edit, record, recording, records, takeSolution, tryLesson, written } from './state';
import { text } from './text';
import '../yaml/fields.css';
import './Builder.css';

type SectionName = 'about' | 'start' | 'solution' | 'goals' | 'hints' | 'check';

export function BuilderView() {
  useEffect(() => attempt(loadLessons()), []);
  return (
    <div class="builder">
      <Bar />
      <div class="builder-page">
        <p class="builder-intro">{text().intro}</p>
        <Section name="about" number={1}>
          <About />
        </Section>
        <Section name="start" number={2}>
          <Start />
        </Section>
        <Section name="solution" number={3}>
          <Solution />
        </Section>
        <Section name="goals" number={4}>
          <Goals />
        </Section>
        <Section name="hints" number={5}>
          <Hints />
        </Section>
        <Section name="check" number={6}>
          <Check />
        </Section>
      </div>
    </div>
  );
}

function Section({ name, number, children }: { name: SectionName; number: number; children: ComponentChildren }) {
  return (
    <section class="builder-section" aria-labelledby={`builder-${name}`}>
      <header>
        <h3 id={`builder-${name}`}>
          <span class="builder-number" aria-hidden="true">
            {number}
          </span>
          {text().sections[name]}
        </h3>
        <p>{text().notes[name]}</p>
      </header>
      <div class="builder-fields">{children}</div>
    </section>
  );
}

function Bar() {
  const asking = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  const take = async (file: File) => {
    try {
      draft.value = draftOf(await sim.readLesson(await file.text(), file.name));
    } catch (thrown) {
      if (!isProblem(thrown)) {
        throw thrown;
      }
      const place = [file.name, thrown.line, thrown.column].filter(Boolean).join(':');
      notify({ tone: 'problem', message: `${text().notALesson}: ${thrown.message}`, help: thrown.help, place });
    }
  };
  return (
    <header class="builder-bar">
      <h2>{say(draft.value.title) || text().title}</h2>
      <Menu label={text().open} icon="folder" title={text().open} align="end">
        {close => (
          <>
            <MenuItem
              icon="plus"
              act={() => {
                close();
                asking.value = true;
              }}
            >
              {text().fresh}
            </MenuItem>
            <MenuItem
              icon="upload"
              act={() => {
                close();
                input.current?.click();
              }}
            >
              {text().openFile}
            </MenuItem>
            {ownLessons.value.map(({ lesson }) => (
              <MenuItem
                key={lesson.name}
                icon="lessons"
                act={() => {
                  close();
                  draft.value = draftOf(lesson);
                }}
              >
                {say(lesson.title)}
              </MenuItem>
            ))}
          </>
        )}
      </Menu>
      <FileInput input={input} accept=".yaml,.yml" take={file => attempt(take(file))} />
      <Button icon="download" onClick={() => download(`${draft.peek().name}.yaml`, written())}>
        {text().exportFile}
      </Button>
      <Button
        variant="primary"
        icon="play"
        title={text().tryTip}
        disabled={missing().length > 0}
        onClick={() => attempt(tryLesson())}
      >
        {text().tryIt}
      </Button>
      {asking.value && (
        <Dialog
          title={text().fresh}
          close={() => {
            asking.value = false;
          }}
        >
          <p>{text().freshSure}</p>
          <div class="dialog-answers">
            <Button
              onClick={() => {
                asking.value = false;
              }}
            >
              {text().cancel}
            </Button>
            <Button
              variant="danger"
              onClick={() => {
                asking.value = false;
                draft.value = emptyDraft;
                recording.value = null;
              }}
            >
              {text().fresh}
            </Button>
          </div>
        </Dialog>
      )}
    </header>
  );
}

function About() {
  const { name, part, minutes, title, summary, text: lessonText } = draft.value;
  return (
    <>
      <BothField label={text().fields.title} value={title} change={value => edit({ title: value })} />
      <BothField label={text().fields.summary} value={summary} change={value => edit({ summary: value })} />
      <BothField
        label={text().fields.text}
        kind="markdown"
        help={text().textHelp}
        value={lessonText}
        change={value => edit({ text: value })}
      />
      <div class="builder-row">
        <Field label={text().fields.name}>
          {id => (
            <input
              id={id}
              class="field code"
              spellcheck={false}
              value={name}
              onInput={event => edit({ name: event.currentTarget.value.trim().toLowerCase() })}
            />
          )}
        </Field>
        <Field label={text().fields.part}>
          {id => (
            <select
              id={id}
              class="field"
              value={part}
              onChange={event => edit({ part: Number(event.currentTarget.value) })}
            >
              {PARTS.map(({ number, title: partTitle }) => (
                <option key={number} value={number}>
                  {number} · {say(partTitle)}
                </option>
              ))}
            </select>
          )}
        </Field>
        <NumberField
          label={text().fields.minutes}
          value={minutes}
          min={1}
          max={30}
          change={value => edit({ minutes: value })}
        />
      </div>
    </>
  );
}

function Solution() {
  const { solution, par, edits } = draft.value;
  const edited = Object.keys(edits);
  return (
    <>
      {records.value ? (
        <div class="recording" role="status">
          <span class="recording-sign" aria-hidden="true" />
          <span>{text().recording}</span>
          <Button variant="primary" icon="check" onClick={() => attempt(takeSolution())}>
            {text().take}
          </Button>
        </div>
      ) : (
        <div>
          <Button icon="terminal" onClick={() => attempt(record())}>
            {solution.length > 0 ? text().recordAgain : text().record}
          </Button>
        </div>
      )}
      <Field label={text().fields.solution}>
        {id => (
          <textarea
            id={id}
            class="field lines code"
            spellcheck={false}
            value={solution.join('\n')}
            onInput={event => edit({ solution: event.currentTarget.value.split('\n') })}
          />
        )}
      </Field>
      {edited.length > 0 && <p class="builder-help">{text().editedFiles(edited.join(', '))}</p>}
      <div class="builder-row">
        <NumberField label={text().fields.par} value={par} min={1} max={100} change={value => edit({ par: value })} />
      </div>
    </>
  );
}

function Hints() {
  const { hints } = draft.value;
  return (
    <>
      <ol class="builder-goals">
        {hints.map((hint, at) => (
          <li key={at}>
            <BothField
              label={`${text().fields.hint} ${at + 1}`}
              kind="lines"
              value={hint}
              change={value => edit({ hints: hints.map((one, index) => (index === at ? value : one)) })}
            />
            <div class="builder-row-tools">
              <Button
                variant="quiet"
                icon="trash"
                label={text().remove}
                onClick={() => edit({ hints: hints.filter((_, index) => index !== at) })}
              />
            </div>
          </li>
        ))}
      </ol>
      <Button icon="plus" onClick={() => edit({ hints: [...hints, nobody] })}>
        {text().addHint}
      </Button>
    </>
  );
}

/** What is missing, in words. */
function missing(): string[] {
  const now = draft.value;
  const taken = lessons.value.some(({ lesson }) => lesson.name === now.name);
  return [...lacks(now).map(lack => text().lacks[lack]), ...(taken ? [text().lacks.taken] : [])];
}

function Check() {
  const result = useSignal<'asking' | readonly string[] | null>(null);
  const now = draft.value;
  // What was found holds of what was checked, not of what was typed since.
  useEffect(() => {
    result.value = null;
  }, [now]);
  const lacking = missing();
  const half = untranslated(now);
  const prove = async () => {
    result.value = 'asking';
    try {
      result.value = await sim.proveLesson(written(), `${now.name}.yaml`);
    } catch (thrown) {
      if (!isProblem(thrown)) {
        throw thrown;
      }
      result.value = [[thrown.message, thrown.help].filter(part => part !== '').join(' ')];
    }
  };
  return (
    <>
      {lacking.length > 0 && (
        <div class="builder-lacks">
          <p>{text().lacksTitle}</p>
          <ul>
            {lacking.map(lack => (
              <li key={lack}>{lack}</li>
            ))}
          </ul>
        </div>
      )}
      {half.length > 0 && (
        <p class="builder-half">
          <Icon name="language" size={14} />
          {text().untranslatedTitle(half.map(what => text().whats[what]).join(', '))}
        </p>
      )}
      <div>
        <Button icon="check" disabled={lacking.length > 0} onClick={() => attempt(prove())}>
          {text().prove}
        </Button>
      </div>
      <div role="status">
        {result.value === 'asking' && <p class="builder-help">{text().proving}</p>}
        {Array.isArray(result.value) && result.value.length === 0 && <p class="builder-proved">{text().proved}</p>}
        {Array.isArray(result.value) && result.value.length > 0 && (
          <div class="builder-problems">
            <p>{text().problems}</p>
            <ul>
              {result.value.map((problem: string) => (
                <li key={problem}>{problem}</li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </>
  );
}
