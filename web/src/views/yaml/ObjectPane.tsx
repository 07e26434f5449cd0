/** An object as it is at the moment that is looked at, and all that ever changed in it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { copy } from '../../app/save';
import { sim } from '../../sim/client';
import type { Document, Ref } from '../../sim/frames';
import { currentFile, files, writeFile } from '../../state/files';
import { objectsOf } from '../../state/objects';
import { attempt } from '../../state/problems';
import { branch, cluster } from '../../state/run';
import { select, selection } from '../../state/selection';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { Tabs } from '../../ui/Tabs';
import { Changes } from './Changes';
import { addedLines } from './changes';
import { createReader, type Reader } from './editor';
import { bare } from './manifest';
import { mode } from './mode';
import { freeName } from './names';
import { text } from './text';

export function ObjectPane() {
  const chosen = selection.value?.kind === 'object' ? selection.value.object : null;
  if (!chosen) {
    return (
      <div class="yaml-empty">
        <Empty icon="pod" title={text().noObject}>
          <p>{text().noObjectText}</p>
          <Chooser chosen={null} />
        </Empty>
      </div>
    );
  }
  return <Shown key={chosen.id} object={chosen} />;
}

function nameOf({ kind, namespace, name }: Ref): string {
  return namespace && namespace !== 'default' ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}

/** All objects, by kind. */
function Chooser({ chosen }: { chosen: Ref | null }) {
  const groups = new Map<string, Ref[]>();
  for (const object of objectsOf(cluster.value)) {
    groups.set(object.kind, [...(groups.get(object.kind) ?? []), object]);
  }
  return (
    <select
      class="field chooser"
      aria-label={text().choose}
      value={chosen?.id ?? ''}
      onChange={event => {
        const { value } = event.currentTarget;
        const object = [...groups.values()].flat().find(({ id }) => id === value);
        if (object) {
          select({ kind: 'object', object });
        }
      }}
    >
      {chosen && ![...objectsOf(cluster.value)].some(({ id }) => id === chosen.id) ? (
        <option value={chosen.id}>{nameOf(chosen)}</option>
      ) : (
        <option value="" disabled hidden>
          {text().choose}
        </option>
      )}
      {[...groups].map(([kind, objects]) => (
        <optgroup key={kind} label={kind}>
          {objects.map(object => (
            <option key={object.id} value={object.id}>
              {object.namespace && object.namespace !== 'default' ? `${object.namespace}/` : ''}
              {object.name}
            </option>
          ))}
        </optgroup>
      ))}
    </select>
  );
}

/** The object now: asked for again when the cluster has changed, one question at a time. */
function useDocument(object: Ref): Document | null {
  const [found, setFound] = useState<Document | null>(null);
  const asking = useRef(false);
  const { revision, at } = cluster.value;
  const where = `${branch.value}/${revision}/${at < (found?.at ?? 0)}`;
  const wanted = useRef('');
  wanted.current = where;
  useEffect(() => {
    let gone = false;
    const ask = async () => {
      if (asking.current) {
        return;
      }
      asking.current = true;
      try {
        let asked = '';
        while (!gone && asked !== wanted.current) {
          asked = wanted.current;
          const document = await sim.document(object.id);
          if (!gone) {
            setFound(document);
          }
        }
      } finally {
        asking.current = false;
      }
    };
    attempt(ask());
    return () => {
      gone = true;
    };
  }, [object.id, where]);
  return found;
}

function Shown({ object }: { object: Ref }) {
  const [part, setPart] = useState<'yaml' | 'changes'>('yaml');
  const document = useDocument(object);
  return (
    <div class="object">
      <div class="object-bar">
        <Chooser chosen={object} />
        <Tabs
          label={text().objectViewsLabel}
          tabs={[
            { name: 'yaml', title: text().objectViews.yaml },
            {
              name: 'changes',
              title: text().objectViews.changes,
              badge: document && <span class="badge numbers">{document.changes.length}</span>,
            },
          ]}
          current={part}
          choose={setPart}
        />
        {document?.exists && <DocumentTools document={document} />}
      </div>
      {document && (part === 'yaml' ? <Source document={document} /> : <Changes document={document} />)}
    </div>
  );
}

function DocumentTools({ document }: { document: Document }) {
  const [copied, setCopied] = useState(false);
  const edit = () => {
    const { kind, name } = document.object;
    const file = freeName(`${name}.${kind.toLowerCase()}.yaml`, Object.keys(files.peek()));
    writeFile(file, bare(document.yaml));
    currentFile.value = file;
    mode.value = 'files';
  };
  return (
    <div class="object-tools">
      <Button
        variant="quiet"
        icon={copied ? 'check' : 'copy'}
        label={copied ? text().copied : text().copy}
        onClick={() => {
          attempt(
            copy(document.yaml).then(could => {
              setCopied(could);
              setTimeout(() => setCopied(false), 1_500);
            }),
          );
        }}
      />
      <Button icon="builder" onClick={edit}>
        {text().edit}
      </Button>
    </div>
  );
}

function Source({ document }: { document: Document }) {
  const parent = useRef<HTMLDivElement>(null);
  const reader = useRef<Reader | null>(null);
  const before = useRef<Document | null>(null);
  const words = { label: text().reader(nameOf(document.object)), phrases: text().phrases };
  // Made once; what changes is told to it below
  useEffect(() => {
    if (!parent.current) {
      return undefined;
    }
    reader.current = createReader(parent.current, words);
    return () => {
      reader.current?.destroy();
      reader.current = null;
    };
  }, []);
  // The words follow from the object and the language
  useEffect(() => reader.current?.setWords(words), [words.label]);
  useEffect(() => {
    const last = before.current;
    before.current = document;
    if (!document.exists || last?.yaml === document.yaml) {
      return;
    }
    // What is new is marked if time went on; after a jump back nothing is new.
    if (!last?.exists || last.at > document.at) {
      reader.current?.show(document.yaml, []);
      return;
    }
    attempt(
      sim
        .diff(document.object.id, last.at, document.at)
        .then(lines => reader.current?.show(document.yaml, addedLines(lines))),
    );
  }, [document]);
  return (
    <div class="object-source">
      {!document.exists && (
        <div class="object-gone">
          <Empty icon="yaml" title={text().notThere}>
            {text().notThereText}
          </Empty>
        </div>
      )}
      <div class="object-code" ref={parent} hidden={!document.exists} title={text().live} />
    </div>
  );
}
