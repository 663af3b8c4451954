// A table of text and numbers with a head and a foot that stay in sight; Vue writes all of it as text.
export default {
  template: `
    <div class="data-table" tabindex="0" role="region" :aria-label="caption">
      <table>
        <caption class="only-read">{{ caption }}</caption>
        <thead>
          <tr><th v-for="(column, number) in columns" :key="number" scope="col" :class="{ number: numeric[number] }">{{ column }}</th></tr>
        </thead>
        <tbody>
          <tr v-for="row in rows" :key="row.key" :class="row.kind">
            <th scope="row">{{ row.label }}</th>
            <td v-for="(cell, number) in row.cells" :key="number" :class="{ number: numeric[number + 1], words: cell.words, seeing: cell.seeing }">{{
              cell.words || cell.text
            }}</td>
          </tr>
        </tbody>
        <tfoot v-if="totals.length">
          <tr><th scope="row">{{ totals[0] }}</th><td v-for="(cell, number) in totals.slice(1)" :key="number"
            :class="{ number: numeric[number + 1] }">{{ cell }}</td></tr>
        </tfoot>
      </table>
    </div>
  `,
  props: {
    caption: String,
    columns: Array,
    numeric: Array,
    rows: Array,
    totals: Array,
  },
};
