/** The builder's fields: texts in two languages, lists of lines, numbers. */
import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import type { Both } from '../../sim/frames';
import { Button } from '../../ui/Button';
import { Markdown } from '../lessons/Markdown';
import { text } from './text';

/** A text in both languages, side by side. Where one is missing, that is said. */
export function BothField({
  label,
  value,
  change,
  kind = 'line',
  help,
}: {
  label: string;
  value: Both;
  change: (value: Both) => void;
  /** `line`: one line; `lines`: some; `markdown`: many, with a preview. */
  kind?: 'line' | 'lines' | 'markdown';
  help?: string;
}) {
  const [preview, setPreview] = useState(false);
  const id = useId();
  const write = (language: 'en' | 'zh', name: string) => {
    const missing = value[language].trim() === '' && value[language === 'en' ? 'zh' : 'en'].trim() !== '';
    return (
      <div class="both-side">
        <label for={`${id}-${language}`}>
          {name}
          {missing && <span class="both-missing">{text().untranslated}</span>}
        </label>
        {preview ? (
          <div class="both-preview" lang={language === 'zh' ? 'zh-CN' : 'en'}>
            <Markdown source={value[language]} />
          </div>
        ) : kind === 'line' ? (
          <input
            id={`${id}-${language}`}
            class="field"
            lang={language === 'zh' ? 'zh-CN' : 'en'}
            value={value[language]}
            onInput={event => change({ ...value, [language]: event.currentTarget.value })}
          />
        ) : (
          <textarea
            id={`${id}-${language}`}
            class={`field ${kind}`}
            lang={language === 'zh' ? 'zh-CN' : 'en'}
            value={value[language]}
            onInput={event => change({ ...value, [language]: event.currentTarget.value })}
          />
        )}
      </div>
    );
  };
  return (
    <fieldset class="both">
      <legend>
        {label}
        {kind === 'markdown' && (
          <Button variant="quiet" icon={preview ? 'builder' : 'eye'} onClick={() => setPreview(!preview)}>
            {preview ? text().write : text().preview}
          </Button>
        )}
      </legend>
      {help && <p class="builder-help">{help}</p>}
      <div class="both-sides">
        {write('en', text().english)}
        {write('zh', text().chinese)}
      </div>
    </fieldset>
  );
}

export function Field({
  label,
  fault,
  children,
}: {
  label: string;
  fault?: string | null;
  children: (id: string) => ComponentChildren;
}) {
  const id = useId();
  return (
    <div class="builder-field">
      <label for={id}>{label}</label>
      {children(id)}
      {fault && (
        <p class="field-fault" role="status">
          {fault}
        </p>
      )}
    </div>
  );
}

export function NumberField({
  label,
  value,
  min,
  max,
  change,
}: {
  label: string;
  value: number;
  min: number;
  max: number;
  change: (value: number) => void;
}) {
  return (
    <Field label={label}>
      {id => (
        <input
          id={id}
          class="field numbers"
          type="number"
          min={min}
          max={max}
          value={value}
          onInput={event => {
            const typed = event.currentTarget.valueAsNumber;
            if (Number.isInteger(typed) && typed >= min && typed <= max) {
              change(typed);
            }
          }}
        />
      )}
    </Field>
  );
}
