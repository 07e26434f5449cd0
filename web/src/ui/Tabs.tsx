/** A row of tabs: arrows move between them, as the pattern of WAI-ARIA says. */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { Icon, type IconName } from './Icon';

export interface Tab<Name extends string> {
  readonly name: Name;
  readonly title: string;
  readonly icon?: IconName;
  readonly hint?: string;
  /** A sign beside the title, such as a count. */
  readonly badge?: ComponentChildren;
}

export function Tabs<Name extends string>({
  label,
  tabs,
  current,
  choose,
  panel,
}: {
  label: string;
  tabs: readonly Tab<Name>[];
  current: Name;
  choose: (name: Name) => void;
  /** The id of the panel that they switch. */
  panel?: string;
}) {
  const row = useRef<HTMLDivElement>(null);
  const move = (by: number) => {
    const index = tabs.findIndex(tab => tab.name === current);
    const next = tabs[(index + by + tabs.length) % tabs.length];
    if (next) {
      choose(next.name);
      row.current?.querySelector<HTMLElement>(`[data-tab="${next.name}"]`)?.focus();
    }
  };
  return (
    <div
      class="tabs"
      role="tablist"
      aria-label={label}
      ref={row}
      onKeyDown={event => {
        if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
          event.preventDefault();
          event.stopPropagation();
          move(event.key === 'ArrowRight' ? 1 : -1);
        }
      }}
    >
      {tabs.map(tab => (
        <button
          key={tab.name}
          type="button"
          role="tab"
          class="tab"
          data-tab={tab.name}
          aria-selected={tab.name === current}
          tabIndex={tab.name === current ? 0 : -1}
          {...(panel ? { 'aria-controls': panel } : {})}
          {...(tab.hint ? { title: tab.hint } : {})}
          onClick={() => choose(tab.name)}
        >
          {tab.icon && <Icon name={tab.icon} />}
          <span>{tab.title}</span>
          {tab.badge}
        </button>
      ))}
    </div>
  );
}
