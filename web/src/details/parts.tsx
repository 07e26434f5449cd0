/** What summaries are made of. */
import type { ComponentChildren } from 'preact';
import type { Ref } from '../sim/frames';
import { select } from '../state/selection';
import { Icon } from '../ui/Icon';
import { kindIcon } from './kinds';

export function Fields({ children }: { children: ComponentChildren }) {
  return <dl class="fields">{children}</dl>;
}

export function Field({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class="field-row">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** An object's name, which selects it. */
export function Link({ object, children }: { object: Ref; children?: ComponentChildren }) {
  return (
    <button type="button" class="name-link" onClick={() => select({ kind: 'object', object })}>
      {children ?? <Icon name={kindIcon(object.kind)} size={14} />}
      <span>{object.name}</span>
    </button>
  );
}

export function Group({ title, count, children }: { title: string; count?: number; children: ComponentChildren }) {
  return (
    <section class="details-group">
      <h3>
        {title}
        {count !== undefined && <span class="count numbers">{count}</span>}
      </h3>
      {children}
    </section>
  );
}

/** How much of something is taken. */
export function Meter({ name, used, all, words }: { name: string; used: number; all: number; words: string }) {
  const share = all > 0 ? Math.min(1, used / all) : 0;
  return (
    <div class="meter">
      <span class="meter-name">{name}</span>
      <span class="meter-words numbers">{words}</span>
      <span class="meter-rail" data-full={share > 0.9}>
        <span style={{ width: `${share * 100}%` }} />
      </span>
    </div>
  );
}
