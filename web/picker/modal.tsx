/** A small dialog above the picker. */
import type { ComponentChildren, JSX } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
  readonly title: string;
  /** Interrupts, as a question does. */
  readonly alert?: boolean;
  /** Takes all the room of a large dialog. */
  readonly wide?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Modal({ title, alert, wide, onClose, children }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog
      ref={dialog} class={`picker__modal ${wide ? 'picker__modal--wide' : ''}`} part="modal"
      role={alert ? 'alertdialog' : undefined} aria-labelledby={heading}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
    >
      <h2 class="picker__modal-title" id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}
