import { Button } from "./Button.tsx";

/** A way to go on, as a button. */
export interface Fix {
  readonly text: string;
  readonly onClick: () => void;
}

interface NoticeProps {
  /** What the reader has to know; nothing is shown without it. */
  readonly text: string | undefined;
  /** `"alert"` for what went wrong, `"note"` for advice. Default: `"alert"`. */
  readonly role?: "alert" | "note";
  /** Introduces the fixes. */
  readonly lead?: string;
  readonly fixes?: readonly Fix[];
}

/** A sentence that the reader must not miss, with ways to go on. */
export function Notice({ text, role = "alert", lead, fixes = [] }: NoticeProps) {
  if (text === undefined) return null;
  return (
    <div class="notice" role={role}>
      <p>{text}</p>
      {fixes.length > 0 && (
        <div class="fixes">
          {lead !== undefined && <span>{lead}</span>}
          {fixes.map((fix) => (
            <Button key={fix.text} {...fix} />
          ))}
        </div>
      )}
    </div>
  );
}
