// What is seen: drawn anew from the session after each action. Names are text, never markup.
const $ = (id) => document.getElementById(id);
const NEIGHBOURS = [-3, -2, -1, 0, 1, 2, 3];
const ZOOMS = [1, 1.5, 2, 3, 4, 6, 8];
const TILES = [5, 6.5, 9, 12, 16, 22]; // least widths in rem

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

class View {
  constructor(session) {
    this.session = session;
    this.images = session.kit.images;
    this.grid = false;
    this.zoom = 0;
    this.tile = window.innerWidth < 900 ? 1 : 2;
    this.marks = new Set();
    this.neighbours = NEIGHBOURS.map(() => element("button", { type: "button" }));
    for (const button of this.neighbours) {
      button.append(element("img", { alt: "" }), element("span"));
    }
    $("neighbours").append(...this.neighbours);
    this.tiles = new Map();
    for (const index of session.kit.order) this.tiles.set(index, this.makeTile(index));
    $("tiles").append(...this.tiles.values());
    this.focused = session.kit.order[0];
  }

  makeTile(index) {
    const source = this.images[index].source;
    const image = element("img", { alt: "", loading: "lazy", decoding: "async", src: source });
    const tile = element("li", { tabIndex: -1 }, image, ...this.facts(index), element("span"));
    tile.setAttribute("role", "option");
    tile.dataset.index = index;
    return tile;
  }

  // In a list of labels to check: what is known of each.
  facts(index) {
    if (!this.session.kit.review) return [];
    const { id, was, suggestion } = this.images[index];
    const label = element("p", {}, "label ", element("b", { textContent: was }));
    const other = element("b", { textContent: suggestion.label });
    const classifier = element("p", {}, "classifier ", other, ` ${percent(suggestion)}`);
    const name = element("p", { className: "quiet", textContent: id });
    const source = element("p", { className: "quiet", textContent: this.source(index) });
    return [element("div", { className: "facts" }, label, classifier, name, source)];
  }

  source(index) {
    const { where, round } = this.images[index];
    return `${where}, round ${round}`;
  }

  get current() {
    return this.session.current;
  }

  // The images that a class would be given to.
  get targets() {
    return this.grid ? [...this.marks] : [this.current];
  }

  suggestion(index) {
    const shown = this.session.kit.review || $("suggest")?.checked;
    return shown ? this.images[index].suggestion : null;
  }

  said(index) {
    const answer = this.session.answers[index];
    const text = answer === null ? "skipped" : (answer ?? "");
    const { was } = this.images[index];
    if (!this.session.kit.review || !text) return text;
    return answer === was ? `${was} is right` : `${was} → ${text}`;
  }

  draw() {
    const { done, timeLeft, history, kept } = this.session;
    const total = this.images.length;
    $("progress").value = done;
    $("count").textContent = `${done} of ${total}`;
    $("left").textContent = timeLeft;
    $("undo").disabled = !history.length;
    $("save").disabled = !done;
    $("single").hidden = this.grid;
    $("grid").hidden = !this.grid;
    $("view-single").setAttribute("aria-pressed", !this.grid);
    $("view-grid").setAttribute("aria-pressed", this.grid);
    document.body.classList.toggle("complete", done === total);
    if (!kept) this.notice("This browser does not keep your labels: save before you close it.");
    if (this.grid) this.drawGrid();
    else this.drawSingle();
    this.drawPanel();
  }

  drawSingle() {
    const { current, images } = this;
    const said = this.said(current);
    if ($("picture").dataset.index !== String(current)) {
      $("picture").dataset.index = current;
      $("picture").src = images[current].source;
      this.zoom = 0;
    }
    $("picture").alt = `Image ${current + 1}`;
    $("picture").title = images[current].id;
    $("stage").style.setProperty("--zoom", ZOOMS[this.zoom]);
    $("zoom").textContent = `${ZOOMS[this.zoom] * 100} %`;
    $("smaller").disabled = this.zoom === 0;
    $("larger").disabled = this.zoom === ZOOMS.length - 1;
    $("caption").textContent = `${current + 1} of ${images.length}${said && `: ${said}`}`;
    if (this.session.kit.review) {
      $("name").textContent = images[current].id;
      $("source").textContent = this.source(current);
    }
    $("previous").disabled = current === 0;
    $("next").disabled = current === images.length - 1;
    this.neighbours.forEach((button, k) => {
      const index = current + NEIGHBOURS[k];
      const image = images[index];
      button.classList.toggle("none", !image);
      button.disabled = !image;
      if (!image) return;
      button.dataset.index = index;
      button.firstChild.src = image.source;
      button.lastChild.textContent = this.said(index);
      button.setAttribute("aria-label", this.describe(index));
      button.setAttribute("aria-current", index === current);
    });
  }

  describe(index) {
    const suggestion = this.suggestion(index);
    const { kit } = this.session;
    return [
      `Image ${index + 1}`,
      ...(kit.review ? [`label ${this.images[index].was}`] : []),
      this.said(index) || (kit.review ? "not checked yet" : "no label yet"),
      ...(suggestion ? [`${kit.review ? "classifier" : "suggestion"} ${suggestion.label}`] : []),
    ].join(", ");
  }

  drawGrid() {
    const { kit } = this.session;
    const hide = $("hide").checked;
    for (const [index, tile] of this.tiles) {
      const said = this.said(index);
      const suggested = said || kit.review ? "" : (this.suggestion(index)?.label ?? "");
      tile.hidden = hide && said !== "" && !this.marks.has(index);
      tile.setAttribute("aria-selected", this.marks.has(index));
      tile.setAttribute("aria-label", this.describe(index));
      tile.classList.toggle("said", said !== "");
      tile.lastChild.textContent = said || (suggested && `${suggested}?`);
      tile.tabIndex = -1;
    }
    const shown = this.shown;
    if (!shown.includes(this.focused)) this.focused = shown[0];
    if (this.focused !== undefined) this.tiles.get(this.focused).tabIndex = 0;
    $("tiles").style.setProperty("--tile", `${TILES[this.tile]}rem`);
    $("tiles-smaller").disabled = this.tile === 0;
    $("tiles-larger").disabled = this.tile === TILES.length - 1;
    $("marked").textContent = `${this.marks.size} marked`;
    $("mark-none").disabled = !this.marks.size;
  }

  // The images that the grid shows, in its order.
  get shown() {
    return this.session.kit.order.filter((index) => !this.tiles.get(index).hidden);
  }

  drawPanel() {
    const { targets, session } = this;
    const question = session.kit.review ? "Which is right?" : "Class of this image";
    $("target").textContent = this.grid ? `Class of ${targets.length} marked` : question;
    const counts = new Map();
    for (const answer of session.answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    const chosen = new Set(targets.map((index) => session.answers[index]));
    const only = chosen.size === 1 ? [...chosen][0] : undefined;
    const text = tidy($("search").value);
    const buttons = this.found(text).map((name) => {
      const number = session.classes.indexOf(name) + 1;
      const key = element("kbd", { textContent: number <= 9 ? number : "" });
      const count = element("span", { className: "quiet", textContent: counts.get(name) ?? "" });
      const button = element("button", { type: "button", className: "choice" }, key);
      button.append(element("span", { textContent: name }), count);
      button.dataset.name = name;
      if (number <= 9) button.setAttribute("aria-keyshortcuts", number);
      count.setAttribute("aria-hidden", true);
      button.setAttribute("aria-pressed", name === only);
      return button;
    });
    if (this.addable(text)) {
      const key = element("kbd", { textContent: buttons.length ? "⇧↵" : "↵" });
      const words = element("span", { textContent: `Add “${text}”` });
      const button = element("button", { type: "button", className: "choice" }, key, words);
      button.dataset.add = text;
      buttons.push(button);
    }
    $("choices").replaceChildren(...buttons);
    $("skip").setAttribute("aria-pressed", only === null);
    for (const button of [...buttons, $("skip")]) button.disabled = !targets.length;
    this.drawSuggestion();
  }

  drawSuggestion() {
    if (this.session.kit.review) {
      this.drawCheck();
      return;
    }
    const suggestions = this.targets.map((index) => this.suggestion(index)).filter(Boolean);
    $("accept").hidden = !suggestions.length;
    if (!suggestions.length) return;
    const [{ label }] = suggestions;
    const words = this.grid
      ? `Take suggestions (${suggestions.length})`
      : `Suggestion: ${label} (${percent(suggestions[0])})`;
    $("accept").replaceChildren(
      element("kbd", { textContent: "↵" }),
      element("span", { textContent: words }),
    );
  }

  // The two answers that stand against each other.
  drawCheck() {
    const { targets, images } = this;
    const [index] = targets;
    const one = targets.length === 1;
    const answer = one ? this.session.answers[index] : undefined;
    const draw = (button, keys, words, note) => {
      $(button).replaceChildren(
        element("kbd", { textContent: keys }),
        element("span", { textContent: words }),
        element("span", { className: "quiet", textContent: note }),
      );
      $(button).disabled = !targets.length;
    };
    const was = one ? images[index].was : "";
    const other = one ? images[index].suggestion.label : "";
    draw("keep", "↵", one ? was : "Labels are right", one ? "label" : "");
    draw(
      "accept",
      "⇧↵",
      one ? other : "Classifier is right",
      one ? `classifier ${percent(images[index].suggestion)}` : "",
    );
    $("accept").hidden = false;
    $("keep").setAttribute("aria-pressed", one && answer === was);
    $("accept").setAttribute("aria-pressed", one && answer === other);
  }

  // The classes that a text may mean, those that start with it first.
  found(text) {
    const wanted = plain(text);
    const starts = (name) => plain(name).startsWith(wanted);
    const names = this.session.classes.filter((name) => plain(name).includes(wanted));
    return [...names.filter(starts), ...names.filter((name) => !starts(name))];
  }

  addable(text) {
    const { kit } = this.session;
    const taken = plain(text) === kit.skipped || this.session.find(text) !== undefined;
    return kit.mayAdd && text !== "" && !taken;
  }

  notice(text) {
    $("notice").hidden = !text;
    $("notice").textContent = text;
  }

  // For those who do not see the page.
  say(text) {
    $("status").textContent = text;
  }
}

function percent({ probability }) {
  return `${Math.round(100 * probability)} %`;
}

// As ntkcpl.labels.names.tidy.
function tidy(text) {
  return text.trim().normalize("NFC");
}

// For comparing: without case and accents.
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}
