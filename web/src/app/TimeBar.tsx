/** The virtual clock's bar: play, pace, scrub, and which branch of time this is. */
import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { sim } from '../sim/client';
import type { Mark } from '../sim/frames';
import { goToNow, past, pause, play, playing, seek, skipIdle, speed, step } from '../state/clock';
import { useHistory } from '../state/history';
import { embedded } from '../state/layout';
import { positionOf, speedAt } from '../state/pace';
import { attempt } from '../state/problems';
import { ahead, apply, branch, branches, cluster } from '../state/run';
import { openView } from '../state/selection';
import { Button } from '../ui/Button';
import { Icon } from '../ui/Icon';
import { Menu, MenuItem } from '../ui/Menu';
import { calendar, duration, moment } from '../words/time';
import { text } from './text';

/** Marks beyond these are too many to be told apart on a bar. */
const MARKS_MAX = 300;
/** What is waited for less isn't worth a button, in seconds of real time. */
const IDLE_SECONDS = 3;

function Speed() {
  const value = speed.value;
  return (
    <label class="speed" title={text().time.speedNow(String(value))}>
      <span class="visually-hidden">{text().time.speed}</span>
      <input
        type="range"
        min="0"
        max="1"
        step="0.005"
        value={positionOf(value)}
        aria-valuetext={`${value}×`}
        onInput={event => {
          speed.value = speedAt(Number(event.currentTarget.value));
        }}
        onDblClick={() => {
          speed.value = 1;
        }}
      />
      <output class="numbers">{value}×</output>
    </label>
  );
}

/** Where time begins and ends on the bar: a little is left free, so that the first seconds don't fill it. */
function extent(horizon: number): number {
  return Math.max(horizon, 10e9);
}

function Scrub() {
  const { at, horizon } = cluster.value;
  const marks = useHistory().value?.marks ?? [];
  const wasPlaying = useRef(false);
  const whole = extent(horizon);
  const share = (nanos: number) => `${Math.min(100, (nanos / whole) * 100)}%`;
  const shownMarks: readonly Mark[] = marks.length > MARKS_MAX ? marks.filter(mark => mark.kind !== 'warning') : marks;
  return (
    <div class="scrub">
      <div class="scrub-rail" aria-hidden="true">
        <div class="scrub-played" style={{ width: share(horizon) }} />
        <div class="scrub-done" style={{ width: share(at) }} />
        {shownMarks.slice(-MARKS_MAX).map(mark => (
          <i
            key={`${mark.at} ${mark.kind} ${mark.text}`}
            class={`mark ${mark.kind}`}
            style={{ left: share(mark.at) }}
          />
        ))}
      </div>
      <input
        type="range"
        class="scrub-input"
        min="0"
        max={whole}
        step={1e6}
        value={at}
        aria-label={text().time.scrub}
        aria-valuetext={moment(at)}
        onPointerDown={() => {
          wasPlaying.current = playing.peek();
          pause();
        }}
        onPointerUp={() => {
          if (wasPlaying.current) {
            play();
          }
        }}
        onInput={event => attempt(seek(Math.min(Number(event.currentTarget.value), Math.max(horizon, at))))}
        onKeyDown={event => {
          const second = { ArrowLeft: -1, ArrowRight: 1, PageDown: -10, PageUp: 10 }[event.key];
          if (second) {
            event.preventDefault();
            event.stopPropagation();
            attempt(seek(at + second * 1e9));
          }
        }}
      />
    </div>
  );
}

function Branches() {
  const list = branches.value;
  const name = (branch: { name: string }) => branch.name || text().time.main;
  const current = list.find(one => one.id === branch.value);
  const busy = useSignal(false);
  const act = (work: () => Promise<unknown>) => {
    busy.value = true;
    attempt(
      work().finally(() => {
        busy.value = false;
      }),
    );
  };
  return (
    <Menu
      label={text().time.branches}
      icon="branch"
      title={
        <span class="branch-name">{list.length > 1 && current ? name(current) : String(Math.max(1, list.length))}</span>
      }
      up
    >
      {close => (
        <>
          <div class="menu-title">{text().time.branches}</div>
          {list.map(one => (
            <MenuItem
              key={one.id}
              icon="branch"
              chosen={one.id === branch.value}
              hint={<span class="numbers">{text().time.since(moment(one.since, 1))}</span>}
              act={() => {
                act(async () => apply(await sim.switchBranch(one.id)));
                close();
              }}
            >
              <span class="branch-row">{name(one)}</span>
            </MenuItem>
          ))}
          <hr class="menu-line" />
          <MenuItem
            icon="plus"
            disabled={busy.value}
            act={() => {
              act(async () => apply(await sim.fork('')));
              close();
            }}
          >
            {text().time.fork}
          </MenuItem>
          {list.length > 1 && (
            <>
              <MenuItem
                icon="compare"
                act={() => {
                  openView('compare');
                  close();
                }}
              >
                {text().time.compare}
              </MenuItem>
              <MenuItem
                icon="trash"
                disabled={busy.value}
                act={() => {
                  act(async () => apply(await sim.dropBranch(branch.peek())));
                  close();
                }}
              >
                {text().time.drop}
              </MenuItem>
            </>
          )}
        </>
      )}
    </Menu>
  );
}

/** What is to be said of the moment: that it is now, that it is past, that nothing will happen for a while. */
function State() {
  const { at, horizon, next } = cluster.value;
  if (past.value) {
    return (
      <div class="time-state">
        <span class="chip past">
          <Icon name="restart" size={12} />
          {text().time.past(duration(horizon - at))}
        </span>
        {ahead.value > 0 && (
          <span class="chip" title={text().time.aheadHint}>
            {text().time.ahead(String(ahead.value))}
          </span>
        )}
        <Button variant="quiet" icon="forward" class="time-forward" title={text().time.toNow} onClick={goToNow}>
          {text().time.toNow}
        </Button>
      </div>
    );
  }
  const idle = next === null ? 0 : next - at;
  if (playing.value && idle > IDLE_SECONDS * 1e9 * speed.value) {
    return (
      <div class="time-state">
        <span class="time-idle numbers">{text().time.idle(duration(idle))}</span>
        <Button variant="quiet" icon="forward" onClick={() => attempt(skipIdle())}>
          {text().time.skip}
        </Button>
      </div>
    );
  }
  return (
    <div class="time-state">
      <span class="chip now">{text().time.now}</span>
    </div>
  );
}

function Clock() {
  const { at, epoch } = cluster.value;
  const decimals = playing.value && speed.value >= 10 ? 1 : 3;
  return (
    <div class="clock">
      <time class="clock-moment numbers">{moment(at, decimals)}</time>
      <span class="clock-calendar numbers" title={text().time.calendar}>
        {epoch > 0 && calendar(epoch, at)}
      </span>
    </div>
  );
}

export function TimeBar() {
  const on = playing.value;
  return (
    <section class="time" aria-label={text().time.label}>
      <div class="time-buttons">
        <Button
          variant="primary"
          class="time-play"
          icon={on ? 'pause' : 'play'}
          label={on ? text().time.pause : text().time.play}
          shortcut="Space"
          onClick={on ? pause : play}
        />
        <Button
          variant="quiet"
          icon="step-event"
          class="time-step"
          label={text().time.stepEvent}
          shortcut="→"
          onClick={() => attempt(step(false))}
        />
        <Button
          variant="quiet"
          icon="step-change"
          label={text().time.stepChange}
          shortcut="Shift+→"
          onClick={() => attempt(step(true))}
        />
      </div>
      <Speed />
      <Clock />
      <Scrub />
      <State />
      {!embedded && <Branches />}
    </section>
  );
}
