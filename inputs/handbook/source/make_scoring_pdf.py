#!/usr/bin/env python3
"""Makes pages/scoring.pdf from scoring.txt: python3 -m pip install reportlab==5.1.0, then run this.

The handbook has one chapter as a PDF so that the quickstart reads one. The same source gives the same bytes.
"""
import html
import pathlib

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import Paragraph, SimpleDocTemplate

here = pathlib.Path(__file__).resolve().parent
body = ParagraphStyle("body", fontName="Times-Roman", fontSize=11.5, leading=15.5, spaceAfter=8)
heads = {
    "# ": ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=18, leading=24, spaceAfter=10),
    "## ": ParagraphStyle("head", fontName="Helvetica-Bold", fontSize=13, leading=18, spaceBefore=6, spaceAfter=4,
                          keepWithNext=True),
}


def number(canvas, document):
    canvas.setFont("Helvetica", 9)
    canvas.drawCentredString(A4[0] / 2, 34, f"dream_sweep handbook, scoring, page {document.page}")


flow = []
for block in (here / "scoring.txt").read_text(encoding="utf-8").split("\n\n"):
    text = " ".join(block.split())
    prefix = text.split(" ")[0] + " "
    flow.append(Paragraph(html.escape(text.removeprefix(prefix) if prefix in heads else text, quote=False),
                          heads.get(prefix, body)))
SimpleDocTemplate(str(here.parent / "pages" / "scoring.pdf"), pagesize=A4, leftMargin=68, rightMargin=68, topMargin=56,
                  bottomMargin=58, title="dream_sweep handbook: scoring", author="dream_sweep", invariant=1).build(
                      flow, onFirstPage=number, onLaterPages=number)
