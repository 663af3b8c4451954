// A table of parts of the machine. Everything in it is text; only what differs is changed on the page.
export default {
  template: `
    <div class="board card wide" role="region" :aria-label="caption" tabindex="0">
      <table role="table">
        <caption>{{ caption }}</caption>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">{{ first }}</th>
            <th role="columnheader" scope="col">State</th>
            <th role="columnheader" scope="col">Since</th>
            <th v-for="column in columns" :key="column" role="columnheader" scope="col" class="number">{{ column }}</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          <tr v-for="row in rows" :key="row.name" role="row">
            <th role="rowheader" scope="row">{{ row.name }}</th>
            <td role="cell" data-title="State">
              <span class="state"><span class="dot" :class="row.state"></span>{{ row.word }}</span>
              <span v-if="row.reason" class="reason" :class="'is-' + row.state">{{ row.reason }}</span>
            </td>
            <td role="cell" data-title="Since">{{ row.since }}</td>
            <td v-for="(cell, index) in row.cells" :key="index" role="cell" class="number" :data-title="columns[index]">{{ cell }}</td>
          </tr>
        </tbody>
      </table>
    </div>`,
  props: { caption: String, first: String, columns: Array, rows: Array },
};
