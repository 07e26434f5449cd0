/** The tree beside the canvas: not seen, but walked through by keyboard and read aloud. The canvas shows where it is. */
import { useEffect, useRef } from 'preact/hooks';
import type { Id } from '../../sim/module';
import { say } from './describe';
import type { Thing } from './hit';
import type { Stage } from './layout';
import { text } from './text';
import { around, type Item, move } from './tree';

/** How many items are there before and after the current one. */
const REACH = 30;

export function Outline({
  stage,
  list,
  current,
  selected,
  go,
  toggle,
  choose,
  onKey,
  onFocus,
}: {
  stage: Stage;
  list: readonly Item[];
  current: Id | null;
  selected: Id | null;
  go: (id: Id) => void;
  toggle: (id: Id) => void;
  choose: (thing: Thing) => void;
  /** Keys that are about the picture instead of the tree; says whether it knew one. */
  onKey: (event: KeyboardEvent) => boolean;
  onFocus: (has: boolean) => void;
}) {
  const tree = useRef<HTMLDivElement>(null);
  const at = Math.max(
    0,
    list.findIndex(item => item.thing.id === current),
  );
  const { part } = around(list, at, REACH);
  const active = list[at];
  useEffect(() => {
    // The item with the focus may have been made anew: the focus stays in the tree.
    if (tree.current?.contains(document.activeElement)) {
      tree.current.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
    }
  }, [current]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey || event.ctrlKey) return;
    if (onKey(event)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if ((event.key === 'Enter' || event.key === ' ') && active) {
      choose(active.thing);
    } else {
      const next = move(list, active?.thing.id ?? null, event.key);
      if (!next) return;
      if ('to' in next) go(next.to);
      else toggle(next.toggle);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      class="topology-outline"
      role="tree"
      aria-label={text().outline}
      ref={tree}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onClick={() => active && choose(active.thing)}
      onFocusCapture={() => onFocus(true)}
      onBlurCapture={() => onFocus(false)}
    >
      {part.map(item => (
        <div
          key={item.thing.id}
          role="treeitem"
          aria-level={item.level}
          aria-posinset={item.position}
          aria-setsize={item.siblings}
          aria-selected={item.thing.id === selected}
          {...(item.open === null ? {} : { 'aria-expanded': item.open })}
          tabIndex={item === active ? 0 : -1}
          onFocus={() => go(item.thing.id)}
        >
          {say(stage, item.thing)}
        </div>
      ))}
    </div>
  );
}
