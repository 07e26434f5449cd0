/** The stage: one view, or two side by side. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { splitShare } from '../state/layout';
import { shown, type ViewName } from '../state/selection';
import { Button } from '../ui/Button';
import { Lazy } from '../ui/Lazy';
import { Menu, MenuItem } from '../ui/Menu';
import { Resizer } from '../ui/Resizer';
import { Tabs } from '../ui/Tabs';
import { viewOf, views } from '../views/registry';
import { useNarrow } from './narrow';
import { text } from './text';

/** Shown as tabs; the others are opened from elsewhere, and have a tab only while they are shown. */
const rare: readonly ViewName[] = ['compare', 'lessons', 'builder', 'story'];

function Frame({ name, id }: { name: ViewName; id?: string }) {
  const entry = viewOf(name);
  return (
    <section class="view-frame" aria-label={entry.title()} {...(id ? { id } : {})}>
      <Lazy key={name} load={entry.load} props={{}} />
    </section>
  );
}

/** The head of the second view: which it is, and a way to be alone again. */
function SecondHead({ first, second }: { first: ViewName; second: ViewName }) {
  return (
    <div class="second-head">
      <Menu label={text().secondView} icon={viewOf(second).icon} title={viewOf(second).title()} align="start">
        {close =>
          views.map(({ name, icon, title }) => (
            <MenuItem
              key={name}
              icon={icon}
              chosen={name === second}
              disabled={name === first}
              act={() => {
                shown.value = [first, name];
                close();
              }}
            >
              {title()}
            </MenuItem>
          ))
        }
      </Menu>
      <Button
        variant="quiet"
        icon="close"
        label={text().alone}
        onClick={() => {
          shown.value = [first, null];
        }}
      />
    </div>
  );
}

/** What a second view shows best beside another. */
function companion(first: ViewName): ViewName {
  return first === 'topology' ? 'ownership' : 'topology';
}

export function Stage() {
  const [first, second] = shown.value;
  const narrow = useNarrow();
  const body = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(1000);
  useEffect(() => {
    const element = body.current;
    if (!element) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const tabs = views
    .filter(({ name }) => !rare.includes(name) || name === first)
    .map(({ name, icon, title, hint }) => ({ name, icon, title: title(), hint: hint() }));
  return (
    <main class="stage" id="stage" tabIndex={-1}>
      <div class="stage-head">
        <Tabs
          label={text().views}
          tabs={tabs}
          current={first}
          panel="first-view"
          choose={name => {
            shown.value = name === second ? [name, first] : [name, second];
          }}
        />
        <Button
          variant="quiet"
          icon="split"
          class="stage-split"
          label={second ? text().alone : text().beside}
          pressed={second !== null}
          onClick={() => {
            shown.value = [first, second ? null : companion(first)];
          }}
        />
      </div>
      <div class="stage-body" ref={body}>
        <div class="stage-part" style={second && !narrow ? { flex: `0 0 ${splitShare.value * 100}%` } : {}}>
          <Frame name={first} id="first-view" />
        </div>
        {second && !narrow && (
          <>
            <Resizer
              axis="x"
              value={splitShare.value * width}
              min={width * 0.2}
              max={width * 0.8}
              change={value => {
                splitShare.value = value / width;
              }}
              reset={() => {
                splitShare.value = 0.5;
              }}
            />
            <div class="stage-part">
              <SecondHead first={first} second={second} />
              <Frame name={second} />
            </div>
          </>
        )}
      </div>
    </main>
  );
}
