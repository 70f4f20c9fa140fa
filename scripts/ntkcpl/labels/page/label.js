// What keys, clicks and touches do.
const kit = JSON.parse($("kit").textContent);
$("kit").remove();
const session = new Session(kit);
const view = new View(session);

function go(index) {
  session.current = Math.min(Math.max(index, 0), kit.images.length - 1);
  view.draw();
}

function show(grid) {
  if (grid === view.grid) return;
  if (grid) view.focused = session.current;
  else if (view.focused !== undefined) session.current = view.focused;
  view.grid = grid;
  view.draw();
  if (grid) focusTile(session.current);
  else $("stage").focus({ preventScroll: true });
}

// Gives an answer to the image, or to those that are marked, and goes on to the next.
function answer(answerOf) {
  const { targets } = view;
  if (!targets.length) return;
  const fromPanel = $("panel").contains(document.activeElement);
  session.answer(targets, answerOf);
  view.notice("");
  $("search").value = "";
  view.marks.clear();
  const given = targets.length === 1 ? view.said(targets[0]) : `${targets.length} images`;
  const next = session.nextOpen(targets.at(-1));
  if (!view.grid && next >= 0) session.current = next;
  view.draw();
  // What was typed into or clicked in the panel is done: keys go to the images again.
  if (fromPanel) focusImages();
  if (next < 0) finish();
  else view.say(`${given}. ${session.done} of ${kit.images.length}.`);
}

function choose(name) {
  answer(() => name);
}

function add(text) {
  if (view.targets.length && view.addable(text)) choose(session.add(text));
}

function skip() {
  answer(() => null);
}

function accept() {
  const targets = view.targets.filter((index) => view.suggestion(index));
  if (!targets.length) return;
  if (view.grid) view.marks = new Set(targets);
  answer((index) => session.add(view.suggestion(index).label));
}

// Where labels are checked: they are right as they are.
function keep() {
  answer((index) => kit.images[index].was);
}

function undo() {
  const indices = session.undo();
  if (!indices.length) return;
  view.notice("");
  if (view.grid) view.marks = new Set(indices);
  session.current = indices[0];
  view.draw();
  view.say(`Undone: ${indices.length === 1 ? view.describe(indices[0]) : `${indices.length} images`}`);
}

function finish() {
  const done = kit.review ? "labels are checked: save them" : "images are labelled or skipped: save your labels";
  const text = `All ${kit.images.length} ${done}.`;
  view.notice(text);
  view.say(text);
}

function save() {
  if (!session.done) return;
  download(kit.file, table(kit, session.answers));
  const open = kit.images.length - session.done;
  const what = open ? `, ${open} still open` : "";
  const text = `Saved ${session.done} labels as ${kit.file}${what}. ${kit.saveTo}`;
  view.notice(text);
  view.say(text);
}

function zoom(step) {
  if (view.grid) view.tile = Math.min(Math.max(view.tile + step, 0), TILES.length - 1);
  else view.zoom = Math.min(Math.max(view.zoom + step, 0), ZOOMS.length - 1);
  view.draw();
}

function focusTile(index) {
  view.focused = index;
  view.draw();
  view.tiles.get(view.focused)?.focus();
}

function focusImages() {
  if (view.grid) focusTile(view.focused);
  else $("stage").focus({ preventScroll: true });
}

// Marks all images shown between two.
function markRange(from, to) {
  const { shown } = view;
  const [first, last] = [shown.indexOf(from), shown.indexOf(to)].sort((a, b) => a - b);
  for (const index of shown.slice(first, last + 1)) view.marks.add(index);
}

function toggle(index) {
  if (!view.marks.delete(index)) view.marks.add(index);
}

function moveInGrid(event) {
  const { shown } = view;
  const tops = shown.map((index) => view.tiles.get(index).offsetTop);
  const columns = tops.filter((top) => top === tops[0]).length;
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const from = view.focused;
  const place = shown.indexOf(from) + steps[event.key];
  if (!(place in shown)) return;
  if (event.shiftKey) markRange(from, shown[place]);
  focusTile(shown[place]);
}

function moveInPanel(event) {
  const buttons = [$("search"), ...$("panel").querySelectorAll("button:not([hidden])")];
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  buttons[buttons.indexOf(document.activeElement) + step]?.focus();
}

function escape() {
  $("search").value = "";
  view.marks.clear();
  view.zoom = 0;
  view.draw();
  focusImages();
}

function keyInSearch(event) {
  const text = tidy($("search").value);
  if (event.key === "Enter") {
    event.preventDefault();
    const [first] = view.found(text);
    if (event.shiftKey || first === undefined) add(text);
    else if (text) choose(first);
  } else if (event.key === "Escape") {
    event.preventDefault();
    escape();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    moveInPanel(event);
  }
}

const commands = {
  0: skip,
  "+": () => zoom(1),
  "=": () => zoom(1),
  "-": () => zoom(-1),
  ".": () => show(!view.grid),
  "?": () => $("keys").showModal(),
  "/": () => $("search").focus(),
  Backspace: undo,
  Escape: escape,
};

function keyWithControl(event) {
  const inGrid = view.grid && event.key === "a";
  const command = { s: save, z: undo }[event.key] ?? (inGrid ? markAll : null);
  if (!command) return;
  event.preventDefault();
  command();
}

function keyArrow(event) {
  const zoomed = view.zoom > 0 && document.activeElement === $("stage");
  const vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
  if ($("panel").contains(document.activeElement) && vertical) moveInPanel(event);
  else if (view.grid) moveInGrid(event);
  else if (zoomed || vertical) return; // the browser scrolls
  else go(session.current + (event.key === "ArrowLeft" ? -1 : 1));
  event.preventDefault();
}

function key(event) {
  if ($("keys").open || event.isComposing) return;
  const inSearch = event.target === $("search");
  if (event.ctrlKey || event.metaKey) {
    if (!inSearch || event.key === "s") keyWithControl(event);
    return;
  }
  if (event.altKey) return;
  const onControl = event.target.closest("button, input");
  if (inSearch) keyInSearch(event);
  else if (event.key.startsWith("Arrow")) keyArrow(event);
  else if (/^[1-9]$/.test(event.key)) {
    const name = session.classes[event.key - 1];
    if (name !== undefined) choose(name);
  } else if (Object.hasOwn(commands, event.key)) {
    event.preventDefault();
    commands[event.key]();
  } else if (event.key === "Enter" && !onControl) (kit.review && !event.shiftKey ? keep : accept)();
  else if (event.key === " " && event.target.matches("li")) {
    event.preventDefault();
    toggle(view.focused);
    view.draw();
  } else if (/^\p{L}$/u.test(event.key)) $("search").focus(); // and the letter goes there
}

function markAll() {
  for (const index of view.shown) view.marks.add(index);
  view.draw();
}

function clickTile(event) {
  const tile = event.target.closest("li");
  if (!tile) return;
  const index = Number(tile.dataset.index);
  if (event.shiftKey) markRange(view.focused, index);
  else toggle(index);
  focusTile(index);
}

document.addEventListener("keydown", key);
$("search").addEventListener("input", () => view.drawPanel());
$("choices").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.add) add(button.dataset.add);
  else if (button) choose(button.dataset.name);
});
$("neighbours").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) go(Number(button.dataset.index));
});
$("tiles").addEventListener("click", clickTile);
$("tiles").addEventListener("dblclick", () => show(false));
$("stage").addEventListener("dblclick", () => zoom(view.zoom ? -view.zoom : 2));
const clicks = {
  previous: () => go(session.current - 1),
  next: () => go(session.current + 1),
  larger: () => zoom(1),
  smaller: () => zoom(-1),
  "tiles-larger": () => zoom(1),
  "tiles-smaller": () => zoom(-1),
  "view-single": () => show(false),
  "view-grid": () => show(true),
  "mark-all": markAll,
  "mark-none": () => {
    view.marks.clear();
    view.draw();
  },
  hide: () => view.draw(),
  help: () => $("keys").showModal(),
  accept,
  skip,
  undo,
  save,
  ...(kit.review ? { keep } : {}),
};
for (const [id, action] of Object.entries(clicks)) $(id).addEventListener("click", action);
$("suggest")?.addEventListener("change", () => view.draw());
// Another tab of the same round: its answers count here too.
window.addEventListener("storage", (event) => {
  if (event.key !== kit.storage) return;
  const { current } = session;
  session.load();
  go(current);
});
window.addEventListener("beforeunload", (event) => {
  if (!session.kept) event.preventDefault();
});

view.draw();
if (session.done === kit.images.length) finish();
$("stage").focus({ preventScroll: true });
