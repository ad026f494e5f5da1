/** A row that is wider than the screen fades where there is more, and shows its current item. */
export function fade(row) {
  const mark = () => {
    const rest = row.scrollWidth - row.clientWidth - row.scrollLeft;
    row.classList.toggle("more-before", row.scrollLeft > 1);
    row.classList.toggle("more-after", rest > 1);
  };
  row.addEventListener("scroll", mark, { passive: true });
  new ResizeObserver(mark).observe(row);
  const current = row.querySelector("[aria-current]");
  if (current) row.scrollLeft = current.offsetLeft + (current.offsetWidth - row.clientWidth) / 2;
}
