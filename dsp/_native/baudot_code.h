/* The character set of five-bit text telephones: V.18 Table A.1 (TIA-825-A). Letters, then figures; index is the
 * code, lowest bit first on the line; 0 where there is no character (both shifts, and S in figures). It differs
 * from the teleprinters' in figures of G (+) and H (=), and in code 0, which is backspace. */
#ifndef CALLBOX_BAUDOT_CODE_H
#define CALLBOX_BAUDOT_CODE_H

#define BAUDOT_TO_FIGURES 0x1B
#define BAUDOT_TO_LETTERS 0x1F

static const char BAUDOT_CODE[2][32] = {
    {'\b', 'E', '\n', 'A', ' ', 'S', 'I', 'U', '\r', 'D', 'R', 'J', 'N', 'F', 'C', 'K',
     'T',  'Z', 'L',  'W', 'H', 'Y', 'P', 'Q', 'O',  'B', 'G', 0,   'M', 'X', 'V', 0},
    {'\b', '3', '\n', '-', ' ', 0,   '8', '7', '\r', '$', '4', '\'', ',', '!', ':', '(',
     '5',  '"', ')',  '2', '=', '6', '0', '1', '9',  '?', '+', 0,    '.', '/', ';', 0},
};

#endif
