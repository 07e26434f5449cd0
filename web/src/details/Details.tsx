/** What is selected: what it is, what can be done with it, and why it is so. */
import './details.css';
import type { ComponentChildren } from 'preact';
import type { Message, Ref } from '../sim/frames';
import { attempt } from '../state/problems';
import { cluster } from '../state/run';
import { openView, type Selection, select, selection } from '../state/selection';
import { run } from '../state/terminals';
import { Button } from '../ui/Button';
import { Empty } from '../ui/Empty';
import { Icon } from '../ui/Icon';
import { Lazy } from '../ui/Lazy';
import { partyName } from '../words/objects';
import { moment } from '../words/time';
import { actionsFor } from './actions';
import { kindIcon } from './kinds';
import { Field, Fields, Link } from './parts';
import { ObjectSummary } from './summary';
import { text } from './text';

const loadWhy = async () => (await import('../views/why/Why')).WhyView;

/** Whether an object is there at the moment that is looked at. */
function exists({ id, kind }: Ref): boolean {
  const { pods, nodes, owners, services, ingresses, crowd } = cluster.value;
  const drawn = ['Pod', 'Node', 'Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'Service'];
  return (
    !drawn.includes(kind) ||
    (kind === 'Pod' && crowd) ||
    [pods, nodes, owners, services, ingresses].some(map => map.has(id))
  );
}

function Head({
  icon,
  kind,
  name,
  children,
}: {
  icon: Parameters<typeof Icon>[0]['name'];
  kind: string;
  name: string;
  children?: ComponentChildren;
}) {
  return (
    <header class="details-head">
      <span class="details-icon">
        <Icon name={icon} size={18} />
      </span>
      <div class="details-title">
        <span class="details-kind">{kind}</span>
        <h2>{name}</h2>
      </div>
      {children}
      <Button variant="quiet" icon="close" label={text().deselect} onClick={() => select(null)} />
    </header>
  );
}

function Actions({ object }: { object: Ref }) {
  return (
    <section class="details-actions" aria-label={text().actions}>
      {actionsFor(object, cluster.value).map(({ verb, icon, line, danger }) => (
        <Button
          key={verb}
          variant={danger ? 'danger' : 'plain'}
          icon={icon}
          title={line}
          onClick={() => attempt(run(line))}
        >
          {text().verbs[verb]}
        </Button>
      ))}
      <Button icon="yaml" onClick={() => openView('yaml')}>
        {text().yaml}
      </Button>
      {(object.kind === 'Pod' || object.kind === 'Service') && (
        <Button icon="packet" onClick={() => openView('packet')}>
          {text().verbs.trace}
        </Button>
      )}
    </section>
  );
}

function MessageSummary({ message }: { message: Message }) {
  const request = [message.verb, message.resource].filter(Boolean).join(' ');
  return (
    <Fields>
      <Field name={text().fields.at}>
        <span class="numbers">{moment(message.at)}</span>
      </Field>
      <Field name={text().fields.from}>{partyName(message.from)}</Field>
      <Field name={text().fields.to}>{partyName(message.to)}</Field>
      {request && <Field name={text().fields.request}>{request}</Field>}
      {message.object && (
        <Field name={text().fields.about}>
          <Link object={message.object} />
        </Field>
      )}
      {message.text && <p class="details-words">{message.text}</p>}
    </Fields>
  );
}

function About({ about }: { about: Selection }) {
  switch (about.kind) {
    case 'object':
      return exists(about.object) ? (
        <>
          <Actions object={about.object} />
          <ObjectSummary object={about.object} />
        </>
      ) : (
        <p class="details-gone">{text().gone}</p>
      );
    case 'message':
      return <MessageSummary message={about.message} />;
    case 'event':
      return null;
  }
}

function title(about: Selection): Parameters<typeof Head>[0] {
  switch (about.kind) {
    case 'object':
      return { icon: kindIcon(about.object.kind), kind: about.object.kind, name: about.object.name };
    case 'message':
      return { icon: 'control-plane', kind: about.message.kind, name: partyName(about.message.from) };
    case 'event':
      return { icon: 'events', kind: 'event', name: `#${about.event}` };
  }
}

/** Tells one selection from another, so that what was opened for one isn't shown for the next. */
function keyOf(about: Selection): string {
  switch (about.kind) {
    case 'object':
      return about.object.id;
    case 'message':
      return `${about.message.event} ${about.message.at}`;
    case 'event':
      return String(about.event);
  }
}

export function Details() {
  const about = selection.value;
  if (!about) {
    return (
      <Empty icon="eye" title={text().nothing}>
        {text().nothingHint}
      </Empty>
    );
  }
  return (
    <div class="details" key={keyOf(about)}>
      <Head {...title(about)} />
      <About about={about} />
      <section class="details-why">
        <h3>{text().why}</h3>
        <Lazy load={loadWhy} props={{ about }} />
      </section>
    </div>
  );
}
