// Bring one element to the state of another and keep its nodes: focus, open details,
// charts and the reader's place survive a refresh. What carries `data-keep` belongs to
// the scripts of the page; only its attributes follow the server.

const OWN_ATTRIBUTES = new Set(["open", "hidden", "data-state"]);

/**
 * @param {Element} current element on the page
 * @param {Element} next the same element as the server renders it now
 */
export function morph(current, next) {
  const isKept = current.hasAttribute("data-keep");
  morphAttributes(current, next, isKept);
  if (!isKept) morphChildren(current, next);
}

/**
 * @param {Element} current
 * @param {Element} next
 * @param {boolean} isKept
 */
function morphAttributes(current, next, isKept) {
  const isOwn = (/** @type {string} */ name) =>
    OWN_ATTRIBUTES.has(name) && (isKept || current.tagName === "DETAILS");
  for (const { name, value } of [...next.attributes]) {
    if (!isOwn(name) && current.getAttribute(name) !== value) current.setAttribute(name, value);
  }
  if (isKept) return;
  for (const { name } of [...current.attributes]) {
    if (!isOwn(name) && !next.hasAttribute(name)) current.removeAttribute(name);
  }
}

/**
 * @param {Element} current
 * @param {Element} next
 */
function morphChildren(current, next) {
  let cursor = current.firstChild;
  for (const wanted of [...next.childNodes]) {
    const match = counterpart(current, cursor, wanted);
    if (match === null) {
      current.insertBefore(document.importNode(wanted, true), cursor);
      continue;
    }
    if (match !== cursor) current.insertBefore(match, cursor);
    if (match instanceof Element && wanted instanceof Element) morph(match, wanted);
    else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
    cursor = match.nextSibling;
  }
  while (cursor) {
    const gone = cursor;
    cursor = cursor.nextSibling;
    gone.remove();
  }
}

/**
 * Find the node which plays the part of `wanted`: the one of its id, or the one that is next.
 * @param {Element} parent
 * @param {ChildNode | null} cursor
 * @param {ChildNode} wanted
 * @returns {ChildNode | null}
 */
function counterpart(parent, cursor, wanted) {
  if (wanted instanceof Element && wanted.id) {
    const same = document.getElementById(wanted.id);
    return same && same.parentNode === parent && same.tagName === wanted.tagName ? same : null;
  }
  if (!cursor || cursor.nodeType !== wanted.nodeType) return null;
  if (cursor instanceof Element && wanted instanceof Element) {
    return cursor.id === "" && cursor.tagName === wanted.tagName ? cursor : null;
  }
  return cursor;
}
