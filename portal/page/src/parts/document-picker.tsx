import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { bytesText } from "../texts.ts";
import type { TemplateDocuments } from "../wire.ts";
import { announce } from "./announcer.tsx";
import { Icon } from "./icons.tsx";

export interface DocumentPickerProps {
  readonly id: string;
  readonly files: readonly File[];
  readonly rules: TemplateDocuments;
  readonly problem?: string | undefined;
  readonly onChange: (files: readonly File[]) => void;
}

const keyOf = ({ name, size, lastModified }: File): string => `${name} ${size} ${lastModified}`;

/** Documents to be added: dropped, or chosen in the system's dialog. */
export function DocumentPicker({ id, files, rules, problem, onChange }: DocumentPickerProps): JSX.Element {
  const [isOver, setIsOver] = useState(false);
  const add = (list: FileList | null | undefined) => {
    const known = new Set(files.map(keyOf));
    const added = [...(list ?? [])].filter((file) => !known.has(keyOf(file)));
    if (added.length === 0) return;
    onChange([...files, ...added]);
    announce(`${added.map(({ name }) => name).join(", ")} added`);
  };
  const remove = (file: File) => {
    onChange(files.filter((one) => one !== file));
    announce(`${file.name} removed`);
    document.getElementById(id)?.focus();
  };
  const dropped = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    add(event.dataTransfer?.files);
  };
  const dragged = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(true);
  };
  return (
    <div class="field" data-invalid={problem === undefined ? undefined : ""}>
      <label
        class="drop-zone"
        data-over={isOver ? "" : undefined}
        onDragOver={dragged}
        onDragLeave={() => setIsOver(false)}
        onDrop={dropped}
      >
        <Icon name="upload" />
        <span>
          <strong>Add documents</strong> {rules.least > 0 ? null : <span class="quiet">(optional)</span>}
        </span>
        <span class="hint" id={`${id}-hint`}>
          Drop them here or choose them: {rules.types.join(", ") || "any type"}, up to{" "}
          {bytesText(rules.mostBytes)} each, at most {rules.most}
        </span>
        <input
          id={id}
          type="file"
          multiple
          accept={rules.types.join(",")}
          aria-describedby={problem === undefined ? `${id}-hint` : `${id}-hint ${id}-problem`}
          aria-invalid={problem === undefined ? undefined : "true"}
          onChange={(event) => {
            add(event.currentTarget.files);
            // The same file can then be chosen again after it was removed.
            event.currentTarget.value = "";
          }}
        />
      </label>
      {files.length === 0 ? null : (
        <ul class="documents" aria-label="Documents to be added">
          {files.map((file) => (
            <li key={keyOf(file)}>
              <Icon name="file" />
              <bdi class="document-name">{file.name}</bdi>
              <span class="quiet">{bytesText(file.size)}</span>
              <button
                type="button"
                class="icon-button"
                aria-label={`Remove ${file.name}`}
                onClick={() => remove(file)}
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {problem === undefined ? null : (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      )}
    </div>
  );
}

/** How far an upload is, for eyes and readers of screens. */
export const UploadProgress = ({ share }: { readonly share: number }): JSX.Element => (
  <div class="upload-progress">
    <label for="upload-progress">
      {share < 1 ? `Sending documents: ${Math.round(share * 100)} %` : "Documents sent, creating"}
    </label>
    <progress id="upload-progress" max={1} value={share} />
  </div>
);
