"use strict";
(() => {
  const shown = JSON.parse(document.getElementById("shown").textContent);
  const at = (id) => document.getElementById(id);
  const [video, stage, share] = [at("video"), at("stage"), at("share")];
  const sides = ["left", "right"];

  const fill = (select, names, chosen) => {
    select.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
  };
  const pictures = () => shown.find((entry) => entry.video === video.value).pictures;

  function showVideo() {
    const names = pictures().map((picture) => picture.name);
    sides.forEach((side, i) => fill(at(side), names, names.includes(at(side).value) ? at(side).value : names[i]));
    showPictures();
  }

  function showPictures() {
    for (const side of sides) {
      const picture = pictures().find((entry) => entry.name === at(side).value);
      at(`picture-${side}`).src = picture.uri;
      at(`picture-${side}`).alt = `${video.value}, ${picture.caption}`;
      at(`caption-${side}`).textContent = picture.caption;
    }
    showShare();
  }

  function showShare() {
    stage.style.setProperty("--share", `${share.value}%`);
    share.setAttribute("aria-valuetext", `${share.value} % ${at("left").value}, the rest ${at("right").value}`);
  }

  function drag(event) {
    if (event.type === "pointermove" && !stage.hasPointerCapture(event.pointerId)) return;
    if (event.type === "pointerdown") stage.setPointerCapture(event.pointerId);
    const box = stage.getBoundingClientRect();
    share.value = (100 * (event.clientX - box.left)) / box.width;
    showShare();
  }

  video.addEventListener("change", showVideo);
  sides.forEach((side) => at(side).addEventListener("change", showPictures));
  share.addEventListener("input", showShare);
  ["pointerdown", "pointermove"].forEach((type) => stage.addEventListener(type, drag));
  at("without-script").remove();
  at("viewer").hidden = false;
  fill(video, shown.map((entry) => entry.video));
  showVideo();
})();
