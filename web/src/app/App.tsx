/** The page. */
import './app.css';
import './head.css';
import './time.css';
import './floating.css';
import './dialogs.css';
import './narrow.css';
import { useSignal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { kindIcon } from '../details/kinds';
import { breakdown, busySince, stop } from '../sim/client';
import {
  type Dialogue,
  dialogue,
  dockOpen,
  dockSize,
  embedded,
  openSide,
  type Pane,
  pane,
  sideOpen,
  sideSize,
} from '../state/layout';
import { report } from '../state/problems';
import { opened } from '../state/run';
import { selection } from '../state/selection';
import { Button } from '../ui/Button';
import { Icon, type IconName } from '../ui/Icon';
import { Lazy } from '../ui/Lazy';
import { Logo } from '../ui/Logo';
import { Resizer } from '../ui/Resizer';
import { Broken } from './Broken';
import { startDrop } from './files';
import { Header } from './Header';
import { Notices } from './Notices';
import { useNarrow } from './narrow';
import { SidePanel } from './SidePanel';
import { Stage } from './Stage';
import { TimeBar } from './TimeBar';
import { text } from './text';

const loadEmbed = async () => (await import('../embed/Embed')).Embed;
const loadTerminals = async () => (await import('../terminal/Terminals')).Terminals;

type DialogComponent = ComponentType<{ close: () => void }>;
const dialogs: Readonly<Record<Dialogue, () => Promise<DialogComponent>>> = {
  gallery: async () => (await import('../gallery/Gallery')).Gallery,
  share: async () => (await import('./Share')).Share,
  shortcuts: async () => (await import('./Shortcuts')).Shortcuts,
  search: async () => (await import('./Palette')).Palette,
  welcome: async () => (await import('./Welcome')).Welcome,
};

function OpenDialog() {
  const which = dialogue.value;
  if (!which) {
    return null;
  }
  const close = () => {
    dialogue.value = null;
  };
  return <Lazy key={which} load={dialogs[which]} props={{ close }} quiet />;
}

/** After this long, whoever waits is told; after more, it can be stopped. */
const SLOW_MS = 1_500;

function Busy() {
  const now = useSignal(0);
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = performance.now();
    }, 500);
    return () => clearInterval(timer);
  }, [now]);
  const since = busySince.value;
  // The first run is announced by the page itself, as long as it takes no longer than it should.
  const patience = opened.value === null ? 4 * SLOW_MS : SLOW_MS;
  if (since === null || now.value - since < patience) {
    return null;
  }
  return (
    <div class="busy" role="status">
      <span class="busy-sign" aria-hidden="true" />
      {text().slow.working}
      {now.value - since > 4 * SLOW_MS && <Button onClick={() => stop(text().slow.stopped)}>{text().slow.stop}</Button>}
    </div>
  );
}

const panes: readonly { name: Pane; icon: IconName }[] = [
  { name: 'stage', icon: 'topology' },
  { name: 'terminal', icon: 'terminal' },
  { name: 'side', icon: 'eye' },
];

function PaneTabs() {
  return (
    <nav class="panes" aria-label={text().more}>
      {panes.map(({ name, icon }) => (
        <button
          key={name}
          type="button"
          aria-current={pane.value === name}
          onClick={() => {
            pane.value = name;
          }}
        >
          <Icon name={icon} size={18} />
          {text().panes[name]}
        </button>
      ))}
    </nav>
  );
}

/** On a phone: what is selected, as a line that leads to its details. */
function Peek() {
  const about = selection.value;
  if (about?.kind !== 'object' || pane.value !== 'stage') {
    return null;
  }
  const { kind, name } = about.object;
  return (
    <button type="button" class="peek" onClick={() => openSide('details')}>
      <Icon name={kindIcon(kind)} />
      <span class="peek-name">{name}</span>
      <span class="peek-open">{text().peek.open}</span>
      <Icon name="chevron-right" />
    </button>
  );
}

function Wide() {
  return (
    <div class="work">
      <div class="work-main">
        <Stage />
        {dockOpen.value ? (
          <>
            <Resizer
              axis="y"
              value={-dockSize.value}
              min={-window.innerHeight * 0.7}
              max={-110}
              change={value => {
                dockSize.value = -value;
              }}
            />
            <div class="dock" style={{ height: `${dockSize.value}px` }}>
              <Lazy load={loadTerminals} props={{}} />
            </div>
          </>
        ) : (
          <button
            type="button"
            class="dock-closed"
            onClick={() => {
              dockOpen.value = true;
            }}
          >
            <Icon name="terminal" size={14} />
            {text().showTerminals}
            <kbd>t</kbd>
          </button>
        )}
      </div>
      {sideOpen.value && (
        <>
          <Resizer
            axis="x"
            value={-sideSize.value}
            min={-Math.min(640, window.innerWidth * 0.6)}
            max={-260}
            change={value => {
              sideSize.value = -value;
            }}
          />
          <div class="work-side" style={{ width: `${sideSize.value}px` }}>
            <SidePanel />
          </div>
        </>
      )}
    </div>
  );
}

function Narrow() {
  return (
    <div class="work">
      {pane.value === 'stage' && <Stage />}
      {pane.value === 'terminal' && <Lazy load={loadTerminals} props={{}} />}
      {pane.value === 'side' && <SidePanel />}
      <Peek />
    </div>
  );
}

export function App() {
  const narrow = useNarrow();
  const dragged = useSignal(false);
  useEffect(() => {
    startDrop(over => {
      dragged.value = over;
    }, report);
  }, [dragged]);
  return (
    <div
      class="app"
      style={`--side-width: ${sideOpen.value && !narrow && !embedded ? sideSize.value : 0}px`}
      data-embedded={embedded}
      inert={breakdown.value !== null}
    >
      <button type="button" class="skip" onClick={() => document.getElementById('stage')?.focus()}>
        {text().skip}
      </button>
      {!embedded && <Header />}
      {embedded ? <Lazy load={loadEmbed} props={{}} /> : narrow ? <Narrow /> : <Wide />}
      <TimeBar />
      {narrow && !embedded && <PaneTabs />}
      <OpenDialog />
      <Notices />
      <Busy />
      {opened.value === null && !breakdown.value && (
        <div class="opening" role="status">
          <Logo size={72} />
          <p>{text().loading}</p>
        </div>
      )}
      {dragged.value && (
        <div class="drop">
          <Icon name="upload" size={32} />
          {text().drop}
        </div>
      )}
    </div>
  );
}

/** The page, and above it what is shown when it is broken. */
export function Page() {
  return (
    <>
      <App />
      <Broken />
    </>
  );
}
