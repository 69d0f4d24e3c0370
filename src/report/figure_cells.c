// The cells of a genotype, drawn like a circuit so that nothing can overlap, whatever was found: each state
// has a horizontal line at a height of its own, which starts right of what makes it; each operation has a
// column of its own, in which a tap comes down from its state's line. So lines cross at right angles only,
// and no line passes behind a box.
#include "report/figures.h"

#include <string.h>

enum { STATES = STP_CELL_INPUTS + STP_CELL_NODES };

static const double margin = 20, lane = 20; // between the states' lines
static const double box_width = 100, box_height = 26;
static const double node_width = 292, cell_height = 300;
static const double first_node = 100; // left end of node 2's part
static const double concat_width = 34;
static const double lanes_top = 48, boxes_top = 186, nodes_top = 244;

// Okabe and Ito's colours, which colour-blind readers tell apart; the yellow, too light for lines, is a
// brown.
static const char *const state_colour[STATES] = {"#57606a", "#000000", "#0072b2",
                                                 "#d55e00", "#009e73", "#a0527f"};

static const char *op_fill(stp_cell_op op) {
    switch (op) {
    case STP_CELL_SEP_CONV_3X3:
    case STP_CELL_SEP_CONV_5X5:
        return "#dbeafe";
    case STP_CELL_DIL_CONV_3X3:
    case STP_CELL_DIL_CONV_5X5:
        return "#ede0fb";
    case STP_CELL_MAX_POOL_3X3:
    case STP_CELL_AVG_POOL_3X3:
        return "#dcf5e3";
    default:
        return "#f1f3f5";
    }
}

static double lane_y(double top, int state) {
    return top + lanes_top + state * lane;
}

static double node_x(int node) {
    return margin + first_node + node * node_width;
}

// Left end of an operation's box.
static double box_x(int place) {
    return node_x(place / 2) + (place % 2) * (box_width + 16);
}

static void draw_segments(stp_svg *svg, const double *xy, int points, const char *colour, int arrow) {
    stp_text d = {0};
    for (int i = 0; i < points; i++) {
        stp_text_puts(&d, i ? "L" : "M");
        stp_text_number(&d, xy[2 * i], 1, 1);
        stp_text_puts(&d, " ");
        stp_text_number(&d, xy[2 * i + 1], 1, 1);
    }
    svg->body.failed |= d.failed;
    if (!d.failed)
        stp_svg_path(svg, d.data, NULL, colour, 1.6, arrow);
    stp_text_free(&d);
}

static void draw_dot(stp_svg *svg, double x, double y, const char *colour) {
    stp_svg_rect(svg, x - 3.2, y - 3.2, 6.4, 6.4, 3.2, colour, NULL, 0);
}

// An operation, its tap from the state's line, and its way into the node.
static void draw_edge(stp_svg *svg, double top, int place, const stp_genotype_edge *edge) {
    double x = box_x(place), middle = x + box_width / 2, y = top + boxes_top, from = lane_y(top, edge->from);
    const char *colour = state_colour[edge->from];
    draw_segments(svg, (double[]){middle, from, middle, y}, 2, colour, 1);
    draw_dot(svg, middle, from, colour);
    stp_svg_rect(svg, x, y, box_width, box_height, 5, op_fill(edge->op), "#8c959f", 1);
    stp_svg_text(svg, middle, y + 17, (stp_svg_font){.size = 11.5, .anchor = STP_SVG_MIDDLE},
                 stp_cell_op_name(edge->op));
    draw_segments(svg, (double[]){middle, y + box_height, middle, top + nodes_top}, 2, "#57606a", 1);
}

static void draw_node(stp_svg *svg, double top, int node) {
    int state = STP_CELL_INPUTS + node;
    char name[32];
    snprintf(name, sizeof name, "node %d (sum)", state);
    double left = box_x(2 * node), right = box_x(2 * node + 1) + box_width, y = top + nodes_top;
    stp_svg_rect(svg, left, y, right - left, box_height, 13, "#ffffff", state_colour[state], 1.6);
    stp_svg_text(
        svg, (left + right) / 2, y + 17,
        (stp_svg_font){.size = 12, .anchor = STP_SVG_MIDDLE, .colour = state_colour[state], .bold = 1}, name);
}

// Where a state's line starts, and what leads there.
static void draw_line_start(stp_svg *svg, double top, int state, double end, int arrow) {
    double y = lane_y(top, state);
    const char *colour = state_colour[state];
    if (state < STP_CELL_INPUTS) {
        stp_svg_text(svg, margin, y + 4, (stp_svg_font){.size = 12, .colour = colour, .bold = 1},
                     state ? "cell k\xe2\x88\x92"
                             "1"
                           : "cell k\xe2\x88\x92"
                             "2");
        draw_segments(svg, (double[]){margin + 58, y, end, y}, 2, colour, arrow);
        return;
    }
    int node = state - STP_CELL_INPUTS;
    double right = box_x(2 * node + 1) + box_width, middle = top + nodes_top + box_height / 2;
    draw_segments(svg, (double[]){right, middle, right + 26, middle, right + 26, y, end, y}, 4, colour,
                  arrow);
    char name[16];
    snprintf(name, sizeof name, "%d", state);
    stp_svg_text(svg, right + 32, y - 5, (stp_svg_font){.size = 11, .colour = colour, .bold = 1}, name);
}

// The nodes' lines end in the concatenation, the inputs' at their last tap.
static double line_end(const stp_genotype_edge *edges, int state) {
    if (state >= STP_CELL_INPUTS)
        return node_x(STP_CELL_NODES);
    double end = 0;
    for (int i = 0; i < STP_CELL_KEPT_EDGES; i++)
        if (edges[i].from == state)
            end = box_x(i) + box_width / 2;
    return end > 0 ? end : margin + 78; // no tap: a stub shows that the input is unused
}

static void draw_concat(stp_svg *svg, double top) {
    double x = node_x(STP_CELL_NODES), y = lane_y(top, STP_CELL_INPUTS) - 14;
    double height = (STP_CELL_NODES - 1) * lane + 28, middle = y + height / 2;
    stp_svg_rect(svg, x, y, concat_width, height, 6, "#fff8db", "#8c959f", 1);
    stp_svg_text(svg, x + concat_width / 2 + 4, middle,
                 (stp_svg_font){.size = 12, .anchor = STP_SVG_MIDDLE, .angle = -90}, "concat");
    draw_segments(svg, (double[]){x + concat_width, middle, x + concat_width + 28, middle}, 2, "#1f2328", 1);
    stp_svg_text(svg, x + concat_width + 34, middle + 4, (stp_svg_font){.size = 12, .bold = 1}, "cell k");
}

static void draw_cell(stp_svg *svg, double top, const char *title, const stp_genotype_edge *edges) {
    stp_svg_text(svg, margin, top + 18, (stp_svg_font){.size = 14, .bold = 1}, title);
    for (int state = 0; state < STATES; state++)
        draw_line_start(svg, top, state, line_end(edges, state), state >= STP_CELL_INPUTS);
    for (int i = 0; i < STP_CELL_KEPT_EDGES; i++)
        draw_edge(svg, top, i, &edges[i]);
    for (int node = 0; node < STP_CELL_NODES; node++)
        draw_node(svg, top, node);
    draw_concat(svg, top);
}

void stp_figure_cells(stp_svg *svg, const stp_genotype *genotype) {
    char title[128];
    snprintf(title, sizeof title, "Front-end %s (%s), normal and reduction cell", genotype->front,
             genotype->features);
    stp_svg_begin(svg, node_x(STP_CELL_NODES) + concat_width + 90, 46 + 2 * cell_height, title);
    stp_svg_text(svg, margin, 30, (stp_svg_font){.size = 16, .bold = 1}, title);
    draw_cell(svg, 46, "Normal cell", genotype->edge[STP_CELL_NORMAL]);
    draw_cell(svg, 46 + cell_height,
              "Reduction cell: operations on cell k\xe2\x88\x92"
              "2 and cell k\xe2\x88\x92"
              "1 have stride 2",
              genotype->edge[STP_CELL_REDUCTION]);
}
