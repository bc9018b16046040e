import type { JSX } from "preact";

/** Properties of a {@link FileInput}. */
export interface FileInputProps {
  readonly label: string;
  readonly accept: string;
  readonly isMultiple?: boolean;
  readonly onFiles: (files: readonly File[]) => Promise<void>;
}

/** Takes files of the reader. They stay on the page. */
export function FileInput({ label, accept, isMultiple = false, onFiles }: FileInputProps): JSX.Element {
  return (
    <label class="file">
      <span>{label}</span>
      <input
        type="file"
        accept={accept}
        multiple={isMultiple}
        onChange={(event) => {
          const input = event.currentTarget;
          const files = [...(input.files ?? [])];
          // Emptied afterwards, so that the same file can be chosen again.
          if (files.length > 0) void onFiles(files).finally(() => (input.value = ""));
        }}
      />
    </label>
  );
}
