/** The page as a part of another one: only the parts that its address asks for. It sends nothing to the page around it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { sim } from '../sim/client';
import { encodeLink } from '../state/link';
import { attempt } from '../state/problems';
import { cluster } from '../state/run';
import { shown } from '../state/selection';
import { Icon } from '../ui/Icon';
import { Lazy } from '../ui/Lazy';
import { type Tab, Tabs } from '../ui/Tabs';
import { viewOf } from '../views/registry';
import { fullAddress, layout, type Part, partsAsked } from './ask';
import { text } from './text';
import './Embed.css';

const loadTerminals = async () => (await import('../terminal/Terminals')).Terminals;
const loadLesson = async () => (await import('../views/lessons/LessonPanel')).LessonPanel;

const asked = partsAsked(location.search);

// The views that are asked for count as those that are open, before anything is drawn.
const [first, second = null] = asked.filter(part => part !== 'terminal' && part !== 'lesson');
if (first) {
  shown.value = [first, second];
}

function titleOf(part: Part): string {
  return part === 'terminal' || part === 'lesson' ? text()[part] : viewOf(part).title();
}

function tabOf(part: Part): Tab<Part> {
  const icon = part === 'terminal' ? 'terminal' : part === 'lesson' ? 'lessons' : viewOf(part).icon;
  return { name: part, title: titleOf(part), icon };
}

function loadOf(part: Part) {
  return part === 'terminal' ? loadTerminals : part === 'lesson' ? loadLesson : viewOf(part).load;
}

function PartFrame({ part }: { part: Part }) {
  return (
    <section class="embed-part" aria-label={titleOf(part)}>
      <Lazy key={part} load={loadOf(part)} props={{}} />
    </section>
  );
}

/** The link is made when somebody is about to follow it: it then holds all that was done. */
function OpenLink() {
  const [address, setAddress] = useState(() => fullAddress(location.href, location.hash.slice(1)));
  const refresh = () => {
    if (cluster.peek().nodes.size > 0) {
      attempt(
        sim
          .link()
          .then(encodeLink)
          .then(fragment => setAddress(fullAddress(location.href, fragment))),
      );
    }
  };
  return (
    <a
      class="embed-open"
      href={address}
      target="_blank"
      rel="noopener"
      title={text().openHint}
      onPointerEnter={refresh}
      onPointerDown={refresh}
      onFocus={refresh}
    >
      {text().open}
      <Icon name="chevron-right" size={12} />
    </a>
  );
}

export function Embed() {
  const root = useRef<HTMLDivElement>(null);
  const [{ width, height }, setRoom] = useState({ width: innerWidth, height: innerHeight });
  const [chosen, setChosen] = useState<Part | undefined>(asked[0]);
  useEffect(() => {
    const element = root.current;
    if (!element) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setRoom({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  // A view that something inside asks for takes the first view's place: there is no other.
  const views = asked.filter(part => part !== 'terminal' && part !== 'lesson');
  const [wanted] = shown.value;
  const parts = asked.map(part => (part === views[0] && !views.includes(wanted) ? wanted : part));
  const how = layout(parts.length, width, height);
  const front = chosen !== undefined && parts.includes(chosen) ? chosen : (parts[0] ?? 'topology');
  return (
    <div class="embed" ref={root}>
      <div class="embed-head">
        {how === 'tabs' ? (
          <Tabs label={text().parts} tabs={parts.map(tabOf)} current={front} choose={setChosen} />
        ) : (
          <span class="embed-brand" aria-hidden="true">
            <img src="./icon.svg" alt="" width="16" height="16" /> Podarium
          </span>
        )}
        <OpenLink />
      </div>
      <main class={`embed-parts ${how}`} id="stage" tabIndex={-1}>
        {how === 'tabs' ? (
          <PartFrame key={front} part={front} />
        ) : (
          parts.map(part => <PartFrame key={part} part={part} />)
        )}
      </main>
    </div>
  );
}
