import { attributesOf, type Scene, type SceneShape, type ShapeAttributes } from "@convlens/analysis/render";
import { useSignal } from "@preact/signals";
import { createElement, type ComponentChild } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/** Attributes and handlers that a page adds to a shape. */
type Decoration = Readonly<Record<string, unknown>> & { readonly class?: string };

/** Properties of a {@link Drawing}. */
export interface DrawingProps {
  /** Makes the scene for a width in pixels. */
  readonly draw: (width: number) => Scene;
  readonly class?: string;
  /** Enlargement on wide pages. Default: 1. */
  readonly zoom?: number;
  /** Attributes and handlers of a shape, found by its `data-…` attributes. */
  readonly decorate?: (shape: ShapeAttributes) => Decoration | undefined;
  readonly onPointerLeave?: () => void;
  readonly onPointer?: (event: PointerEvent & { readonly currentTarget: SVGSVGElement }) => void;
}

/** Width in pixels from which a page is wide. */
const WIDE = 760;

/** A drawing of `@convlens/analysis/render` as elements, as wide as there is room. */
export function Drawing(props: DrawingProps) {
  const { draw, decorate, onPointerLeave, onPointer, class: name = "", zoom = 1 } = props;
  const root = useRef<HTMLDivElement>(null);
  const room = useSignal(0);
  useLayoutEffect(() => {
    const measure = (): void => void (room.value = Math.floor(root.current!.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(root.current!);
    return () => observer.disconnect();
  }, []);
  const factor = room.value < WIDE ? 1 : zoom;
  const scene = room.value > 0 ? draw(room.value / factor) : undefined;
  return (
    <div ref={root} class="drawing-of">
      {scene && (
        <svg
          class={`scene ${name}`}
          viewBox={`0 0 ${scene.width} ${scene.height}`}
          width={scene.width * factor}
          height={scene.height * factor}
          role="img"
          aria-label={scene.title}
          onPointerLeave={onPointerLeave}
          onPointerDown={onPointer}
          onPointerMove={onPointer}
        >
          {scene.shapes.map((shape, i) => elementOf(shape, i, decorate))}
        </svg>
      )}
    </div>
  );
}

function elementOf(shape: SceneShape, key: number, decorate: DrawingProps["decorate"]): ComponentChild {
  const attributes = Object.fromEntries(attributesOf(shape));
  const more = decorate?.(shape.attributes);
  const names = [attributes["class"], more?.class].filter(Boolean).join(" ");
  return createElement(
    shape.name,
    { ...attributes, ...more, ...(names !== "" && { class: names }), key },
    shape.content.map((part, i) => (typeof part === "string" ? part : elementOf(part, i, decorate))),
  );
}
