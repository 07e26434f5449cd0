/** The editor's files: tabs, the text, and what can be done with it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { download } from '../../app/save';
import { sim } from '../../sim/client';
import { currentFile, files, removeFile, writeFile } from '../../state/files';
import { attempt } from '../../state/problems';
import { cluster } from '../../state/run';
import { run } from '../../state/terminals';
import { Button } from '../../ui/Button';
import { Dialog } from '../../ui/Dialog';
import { Empty } from '../../ui/Empty';
import { Icon } from '../../ui/Icon';
import { Menu, MenuItem } from '../../ui/Menu';
import { createEditor, type Editor, type Findings } from './editor';
import { writing } from './mode';
import { freeName, nameFault, withEnding } from './names';
import { TEMPLATES, type Template, type TemplateGroup } from './templates';
import { text } from './text';

/** How often a file is checked again while the cluster changes, in milliseconds. */
const RECHECK_EVERY = 2_000;

export function FilesPane() {
  const names = Object.keys(files.value);
  const name = currentFile.value !== null && names.includes(currentFile.value) ? currentFile.value : names[0];
  if (name === undefined) {
    return (
      <div class="yaml-empty">
        <Empty icon="yaml" title={text().noFiles}>
          <p>{text().noFilesText}</p>
          <Templates />
        </Empty>
      </div>
    );
  }
  return <Opened name={name} names={names} />;
}

function Opened({ name, names }: { name: string; names: readonly string[] }) {
  const [findings, setFindings] = useState<Findings | null>(null);
  const [asking, setAsking] = useState<'rename' | 'remove' | null>(null);
  const apply = () => attempt(run(`kubectl apply -f ${name}`));
  const save = () => download(name, files.peek()[name] ?? '');
  return (
    <div class="files">
      <div class="files-bar">
        <FileTabs name={name} names={names} />
        <NewFile />
      </div>
      <Code name={name} onApply={apply} onSave={save} onFindings={setFindings} />
      <div class="files-foot">
        <FindingsLine findings={findings} />
        <Button variant="quiet" icon="builder" label={text().rename} onClick={() => setAsking('rename')} />
        <Button variant="quiet" icon="download" label={text().download} shortcut="Control+S" onClick={save} />
        <Button variant="quiet" icon="trash" label={text().remove} onClick={() => setAsking('remove')} />
        <Button title={text().diffTip} onClick={() => attempt(run(`kubectl diff -f ${name}`))}>
          {text().diff}
        </Button>
        <Button variant="primary" title={text().keys} aria-keyshortcuts="Control+Enter" onClick={apply}>
          {text().apply}
        </Button>
      </div>
      {asking === 'rename' && <Rename name={name} close={() => setAsking(null)} />}
      {asking === 'remove' && (
        <Dialog title={text().remove} close={() => setAsking(null)}>
          <p>{text().removeSure(name)}</p>
          <div class="dialog-answers">
            <Button onClick={() => setAsking(null)}>{text().cancel}</Button>
            <Button
              variant="danger"
              onClick={() => {
                setAsking(null);
                removeFile(name);
              }}
            >
              {text().remove}
            </Button>
          </div>
        </Dialog>
      )}
    </div>
  );
}

function FileTabs({ name, names }: { name: string; names: readonly string[] }) {
  const row = useRef<HTMLDivElement>(null);
  const open = (chosen: string | undefined) => {
    if (chosen !== undefined) {
      currentFile.value = chosen;
    }
  };
  // It is the chosen tab that must be seen
  useEffect(() => {
    row.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [name]);
  const move = (by: number) => {
    const next = names[(names.indexOf(name) + by + names.length) % names.length];
    open(next);
    row.current?.querySelector<HTMLElement>(`[data-file="${next}"]`)?.focus();
  };
  return (
    <div
      class="files-tabs"
      role="tablist"
      aria-label={text().filesLabel}
      ref={row}
      onKeyDown={event => {
        if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
          event.preventDefault();
          move(event.key === 'ArrowRight' ? 1 : -1);
        }
      }}
    >
      {names.map(file => (
        <button
          key={file}
          type="button"
          role="tab"
          class="file-tab"
          data-file={file}
          aria-selected={file === name}
          tabIndex={file === name ? 0 : -1}
          onClick={() => open(file)}
        >
          {file}
        </button>
      ))}
    </div>
  );
}

function FindingsLine({ findings }: { findings: Findings | null }) {
  const words = text().findings;
  return (
    <span class="findings" role="status">
      {findings && findings.errors > 0 && (
        <span class="findings-errors">
          <Icon name="warning" size={14} /> {words.errors(String(findings.errors))}
        </span>
      )}
      {findings && findings.warnings > 0 && (
        <span class="findings-warnings">
          <Icon name="info" size={14} /> {words.warnings(String(findings.warnings))}
        </span>
      )}
      {findings && findings.errors + findings.warnings === 0 && (
        <span class="findings-none">
          <Icon name="check" size={14} /> {words.none}
        </span>
      )}
    </span>
  );
}

function Code({
  name,
  onApply,
  onSave,
  onFindings,
}: {
  name: string;
  onApply: () => void;
  onSave: () => void;
  onFindings: (findings: Findings) => void;
}) {
  const parent = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  // The editor lives longer than one rendering: it calls what holds now.
  const calls = useRef({ onApply, onSave, onFindings });
  calls.current = { onApply, onSave, onFindings };
  const words = { label: text().editor(name), phrases: text().phrases };
  const content = files.value[name] ?? '';
  // Made once; what changes is told to it below
  useEffect(() => {
    if (!parent.current) {
      return undefined;
    }
    editor.current = createEditor({
      parent: parent.current,
      words,
      onChange: writeFile,
      onApply: () => calls.current.onApply(),
      onSave: () => calls.current.onSave(),
      onFindings: findings => calls.current.onFindings(findings),
      check: source => sim.check(source),
      complete: (source, line, column) => sim.completions(source, line, column),
    });
    return () => {
      writing.value = false;
      editor.current?.destroy();
      editor.current = null;
    };
  }, []);
  // What is there by then, not what was rendered: who types fast is ahead of this.
  useEffect(() => editor.current?.open(name, files.peek()[name] ?? ''), [name, content]);
  // The words follow from the name and the language
  useEffect(() => editor.current?.setWords(words), [words.label]);
  useRecheck(editor);
  return (
    <div
      class="files-code"
      ref={parent}
      onFocusCapture={() => {
        writing.value = true;
      }}
      onBlurCapture={() => {
        writing.value = false;
      }}
    />
  );
}

/** What is wrong with a file depends on the cluster: whether its namespace exists, for one. */
function useRecheck(editor: { readonly current: Editor | null }): void {
  useEffect(() => {
    let checked = cluster.peek().revision;
    const timer = setInterval(() => {
      const { revision } = cluster.peek();
      if (revision !== checked) {
        checked = revision;
        editor.current?.recheck();
      }
    }, RECHECK_EVERY);
    return () => clearInterval(timer);
  }, [editor]);
}

function NewFile() {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Menu label={text().newFile} icon="plus" align="end">
        {close => (
          <div class="templates-menu">
            <MenuItem
              icon="file"
              act={() => {
                close();
                create('file.yaml', '');
              }}
            >
              {text().emptyFile}
            </MenuItem>
            <MenuItem
              icon="upload"
              act={() => {
                close();
                input.current?.click();
              }}
            >
              {text().upload}
            </MenuItem>
            <Templates onChosen={close} />
          </div>
        )}
      </Menu>
      <input
        ref={input}
        type="file"
        accept=".yaml,.yml,.json"
        multiple
        hidden
        onChange={event => {
          const chosen = [...(event.currentTarget.files ?? [])];
          event.currentTarget.value = '';
          attempt(takeIn(chosen));
        }}
      />
    </>
  );
}

async function takeIn(chosen: readonly File[]): Promise<void> {
  for (const file of chosen) {
    create(withEnding(file.name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '')), await file.text());
  }
}

/** Makes a file, under a name that is free, and shows it. */
function create(wanted: string, content: string): void {
  const name = freeName(wanted, Object.keys(files.peek()));
  writeFile(name, content);
  currentFile.value = name;
}

function Templates({ onChosen }: { onChosen?: () => void }) {
  const choose = (template: Template) => {
    onChosen?.();
    create(template.file, template.yaml);
  };
  return (
    <div class="templates">
      {(Object.keys(TEMPLATES) as TemplateGroup[]).map(group => (
        <div key={group} class="templates-group">
          <p>{text().groups[group]}</p>
          <div>
            {TEMPLATES[group].map(template => (
              <button key={template.kind} type="button" class="template menu-item" onClick={() => choose(template)}>
                {template.kind}
              </button>
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}

function Rename({ name, close }: { name: string; close: () => void }) {
  const [typed, setTyped] = useState(name);
  const wanted = withEnding(typed);
  const fault = wanted === name ? null : nameFault(wanted, Object.keys(files.value));
  return (
    <Dialog title={text().rename} close={close}>
      <form
        class="rename"
        onSubmit={event => {
          event.preventDefault();
          if (fault === null) {
            // In its old place among the tabs.
            files.value = Object.fromEntries(
              Object.entries(files.peek()).map(([file, content]) => [file === name ? wanted : file, content]),
            );
            currentFile.value = wanted;
            close();
          }
        }}
      >
        <label>
          {text().renameLabel}
          <input
            class="field"
            value={typed}
            spellcheck={false}
            aria-invalid={fault !== null}
            aria-describedby="rename-fault"
            onInput={event => setTyped(event.currentTarget.value)}
          />
        </label>
        <p id="rename-fault" class="field-fault" role="status">
          {fault && text().faults[fault]}
        </p>
        <div class="dialog-answers">
          <Button onClick={close}>{text().cancel}</Button>
          <Button variant="primary" type="submit" disabled={fault !== null}>
            {text().rename}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
