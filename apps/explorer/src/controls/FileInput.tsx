interface FileInputProps {
  readonly label: string;
  readonly accept: string;
  readonly isMultiple?: boolean;
  readonly onFiles: (files: readonly [File, ...File[]]) => Promise<void>;
}

/** Takes files of the reader. They stay on the page. */
export function FileInput({ label, accept, isMultiple = false, onFiles }: FileInputProps) {
  return (
    <label class="file">
      <span>{label}</span>
      <input
        type="file"
        accept={accept}
        multiple={isMultiple}
        onChange={(event) => {
          const input = event.currentTarget;
          const [first, ...others] = input.files ?? [];
          // Emptied afterwards, so that the same file can be chosen again.
          if (first !== undefined) void onFiles([first, ...others]).finally(() => (input.value = ""));
        }}
      />
    </label>
  );
}
