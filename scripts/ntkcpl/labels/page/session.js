// What an answer belongs to: an image or, where labels are checked, what was said of one.
function subject({ id, was }) {
  return was === undefined ? id : JSON.stringify([id, was]);
}

// What was answered so far; kept by the browser under a name of its own for each round.
class Session {
  constructor(kit) {
    this.kit = kit;
    this.known = new Map(kit.images.map((image, index) => [subject(image), index]));
    this.kept = true; // whether the browser keeps the answers
    this.touched = Date.now();
    this.load();
  }

  // answers: per image undefined (none yet), null (skipped) or the class.
  // history: what to go back to, a list of [index, former answer] for each action.
  load() {
    this.answers = this.kit.images.map(() => undefined);
    this.added = [];
    this.history = [];
    this.seconds = this.counted = this.current = 0;
    let stored = null;
    try {
      stored = JSON.parse(localStorage.getItem(this.kit.storage));
    } catch {
      this.kept = false;
    }
    if (!stored) return;
    // A kit that was written anew may hold other images: only answers for these count.
    const here = (pairs) => pairs.filter(([id]) => this.known.has(id));
    for (const [id, answer] of here(stored.answers)) this.answers[this.known.get(id)] = answer;
    this.history = stored.history
      .map((step) => here(step).map(([id, ...former]) => [this.known.get(id), former[0]]))
      .filter((step) => step.length);
    for (const name of stored.added) this.add(name);
    this.seconds = stored.seconds;
    this.counted = stored.counted;
    this.current = Math.max(0, this.answers.indexOf(undefined));
  }

  keep() {
    const id = (index) => subject(this.kit.images[index]);
    const pair = (index, answer) => (answer === undefined ? [id(index)] : [id(index), answer]);
    const answers = this.answers.flatMap((answer, index) =>
      answer === undefined ? [] : [pair(index, answer)],
    );
    const history = this.history.map((step) => step.map(([index, answer]) => pair(index, answer)));
    const { added, seconds, counted } = this;
    try {
      const text = JSON.stringify({ answers, history, added, seconds, counted });
      localStorage.setItem(this.kit.storage, text);
    } catch {
      this.kept = false;
    }
  }

  get classes() {
    return [...this.kit.classes, ...this.added];
  }

  // Returns the class of this name, as it is written, whatever its case.
  find(name) {
    const wanted = name.toLocaleLowerCase();
    return this.classes.find((known) => known.toLocaleLowerCase() === wanted);
  }

  add(name) {
    const known = this.find(name);
    if (known === undefined) this.added.push(name);
    return known ?? name;
  }

  answer(indices, answerOf) {
    this.history.push(indices.map((index) => [index, this.answers[index]]));
    for (const index of indices) this.answers[index] = answerOf(index);
    const now = Date.now();
    // A longer gap is a pause, not work.
    this.seconds += Math.min((now - this.touched) / 1000, 60);
    this.counted += indices.length;
    this.touched = now;
    this.keep();
  }

  // Returns the images whose answers it took back.
  undo() {
    const step = this.history.pop() ?? [];
    for (const [index, former] of step) this.answers[index] = former;
    this.keep();
    return step.map(([index]) => index);
  }

  get done() {
    return this.answers.filter((answer) => answer !== undefined).length;
  }

  // Returns the next image without an answer, this one's followers first, or -1.
  nextOpen(index) {
    const after = this.answers.indexOf(undefined, index + 1);
    return after >= 0 ? after : this.answers.indexOf(undefined);
  }

  get timeLeft() {
    const open = this.answers.length - this.done;
    if (this.counted < 5 || !open) return "";
    const minutes = Math.round(((this.seconds / this.counted) * open) / 60);
    if (minutes < 1) return "under 1 min left";
    if (minutes < 60) return `about ${minutes} min left`;
    return `about ${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
  }
}
