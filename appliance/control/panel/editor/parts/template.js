// What is to be seen: the picture, and over it lines, zones, the one that is edited, and the one that is being drawn.

const ARROWS = (figure) => `
  <g v-for="way in ${figure}.ways" :key="way.side" class="way" :class="way.side" aria-hidden="true">
    <line class="casing" :x1="way.start[0]" :y1="way.start[1]" :x2="way.tip[0]" :y2="way.tip[1]" />
    <line class="shaft" :x1="way.start[0]" :y1="way.start[1]" :x2="way.tip[0]" :y2="way.tip[1]" />
    <polygon class="head" :points="way.head" />
    <text v-if="way.name" :x="way.label[0]" :y="way.label[1]">{{ way.name }}</text>
  </g>`;

const SHAPE = `
  <g v-for="shape in figures" :key="shape.kind + shape.name" class="shape" :class="[shape.kind, { chosen: shape.name === chosen }]"
     :data-name="shape.name" role="button" :tabindex="drawing || draft ? -1 : 0" :aria-label="told(shape)"
     :aria-pressed="shape.name === chosen ? 'true' : 'false'" @click="choose(shape, false)"
     @keydown.enter.prevent="choose(shape, true)" @keydown.space.prevent="choose(shape, true)" @keydown.delete.prevent="drop(shape)">
    <path class="casing" :d="shape.path" />
    <path class="stroke" :d="shape.path" />
    <path class="hit" :d="shape.path" />
    ${ARROWS("shape")}
    <text class="name" :x="shape.label[0]" :y="shape.label[1]" aria-hidden="true">{{ shape.name }}</text>
  </g>`;

const DRAFT = `
  <g v-if="edited" class="draft" :class="edited.kind">
    <path class="casing" :d="edited.path" />
    <path class="stroke" :d="edited.path" />
    <path class="hit body" :d="edited.path" @pointerdown="gripBody" />
    ${ARROWS("edited")}
    <g v-for="spot in edited.middles" :key="'middle' + spot.index" class="middle" aria-hidden="true"
       @pointerdown="gripMiddle($event, spot)">
      <circle class="hit" :cx="spot.at[0]" :cy="spot.at[1]" r="18" />
      <circle class="dot" :cx="spot.at[0]" :cy="spot.at[1]" r="5" />
    </g>
    <g v-for="(corner, index) in edited.corners" :key="'corner' + index" class="corner" :data-corner="index" role="button"
       tabindex="0" aria-roledescription="handle" :aria-label="placed(index)" @pointerdown="gripCorner($event, index)"
       @keydown="nudge($event, index)">
      <circle class="hit" :cx="corner[0]" :cy="corner[1]" r="22" />
      <circle class="ring" :cx="corner[0]" :cy="corner[1]" r="12" />
      <circle class="dot" :cx="corner[0]" :cy="corner[1]" r="7" />
    </g>
  </g>`;

const PEN = `
  <g v-if="drawing" class="pen" aria-hidden="true">
    <path class="casing" :d="inked" />
    <path class="stroke" :d="inked" />
    <circle v-for="(corner, index) in inkedCorners" :key="index" class="dot" :cx="corner[0]" :cy="corner[1]" r="6" />
  </g>`;

export const template = `
  <div class="editor" :class="{ drawing: drawing, editing: draft }" :style="frameStyle">
    <img ref="image" :src="shown || undefined" :alt="label" draggable="false" @error="lost" />
    <p v-if="!natural" class="waiting" role="status">{{ waiting }}</p>
    <svg ref="layer" :viewBox="'0 0 ' + size[0] + ' ' + size[1]" role="group" :aria-label="label + ', lines and zones'"
         :tabindex="drawing ? 0 : -1" @pointerdown="press" @pointermove="move" @pointerup="release" @pointercancel="cancel"
         @dblclick="close" @keydown="type">
      ${SHAPE}${DRAFT}${PEN}
    </svg>
    <p class="spoken" aria-live="polite">{{ spoken }}</p>
  </div>`;
