// Fills the page, from the top.

show_head();
show_table();
show_hold_out();
show_axes();
show_price();
show_stages();
show_failures();
const ready = unpack_texts().catch(() => {}).then(show_answers);
