// The table that leaves, as ntkcpl.labels.tables writes it.
function cell(text) {
  const safe = /^'*[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function table(kit, answers) {
  const rows = kit.images.flatMap(({ id, was }, index) => {
    if (answers[index] === undefined) return [];
    const cells = [id, answers[index] ?? kit.skipped, ...(kit.review ? [was] : [])];
    return [`${cells.map(cell).join(",")}\r\n`];
  });
  return bytes(`\ufeffid,label${kit.review ? ",was" : ""}\r\n${rows.join("")}`);
}

// UTF-8; bytes of file names that are not, which Python holds as lone surrogates, as they were.
function bytes(text) {
  const encoder = new TextEncoder();
  return text
    .split(/([\udc80-\udcff])/u)
    .map((part, k) => (k % 2 ? Uint8Array.of(part.charCodeAt(0) & 0xff) : encoder.encode(part)));
}

function download(name, parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
