/** A packet's headers as boxes: one in another while it is wrapped. What the hop changed is marked. */
import type { Header, Headers } from './headers';
import { text } from './text';

function Strip({ header }: { header: Header }) {
  const names = text().fields as Readonly<Record<string, string>>;
  return (
    <div class={`header-strip ${header.protocol.toLowerCase()}`}>
      <b>{header.protocol}</b>
      {header.fields.map(({ name, value, changed }) => (
        <span key={name} class={changed ? 'changed' : ''}>
          {(names[name] ?? name) && <i>{names[name] ?? name}</i>} {changed ? <mark>{value}</mark> : value}
        </span>
      ))}
    </div>
  );
}

export function Boxes({ title, headers }: { title: string; headers: Headers }) {
  const inner = (
    <div class="header-box">
      {headers.inner.map((header, at) => (
        <Strip key={at} header={header} />
      ))}
    </div>
  );
  return (
    <figure class="headers">
      <figcaption>{title}</figcaption>
      {headers.outer ? (
        <div class="header-box outer">
          {headers.outer.map((header, at) => (
            <Strip key={at} header={header} />
          ))}
          {inner}
        </div>
      ) : (
        inner
      )}
    </figure>
  );
}
