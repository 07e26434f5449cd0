/** A file of the person's own: the browser's chooser, which a button elsewhere opens by clicking on this. */
import type { RefObject } from 'preact';

export function FileInput({
  input,
  accept,
  take,
}: {
  input: RefObject<HTMLInputElement | null>;
  accept: string;
  take: (file: File) => void;
}) {
  return (
    <input
      ref={input}
      type="file"
      accept={accept}
      hidden
      onChange={event => {
        const [file] = event.currentTarget.files ?? [];
        // The same file may be chosen again.
        event.currentTarget.value = '';
        if (file) {
          take(file);
        }
      }}
    />
  );
}
