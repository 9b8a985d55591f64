"""The tools of the canvas, and the keys they have in labelme."""

from __future__ import annotations

from PySide6.QtCore import Qt

from aln_desk.gui.canvas.assist_tool import AssistTool
from aln_desk.gui.canvas.brush_tool import BrushTool, EraserTool
from aln_desk.gui.canvas.calipers import AngleTool, AxesTool, CalibrateTool, CaliperTool, ThicknessTool
from aln_desk.gui.canvas.draw_tools import (
    CircleTool,
    EllipseTool,
    LineTool,
    OrientedRectangleTool,
    PointTool,
    RectangleTool,
)
from aln_desk.gui.canvas.live_edge_tool import LiveEdgeTool
from aln_desk.gui.canvas.path_tools import LineStripTool, PointsTool, PolygonTool
from aln_desk.gui.canvas.select_tool import SelectTool
from aln_desk.gui.canvas.tools import Tool
from aln_desk.gui.canvas.wand_tool import WandTool

TOOLS: tuple[type[Tool], ...] = (
    Tool,
    SelectTool,
    PolygonTool,
    LiveEdgeTool,
    WandTool,
    BrushTool,
    EraserTool,
    RectangleTool,
    OrientedRectangleTool,
    CircleTool,
    EllipseTool,
    LineTool,
    LineStripTool,
    PointTool,
    PointsTool,
    CaliperTool,
    AxesTool,
    AngleTool,
    ThicknessTool,
    CalibrateTool,
    AssistTool,
)
KEYS = {Qt.Key.Key_N: "polygon", Qt.Key.Key_P: "polygon", Qt.Key.Key_R: "rectangle", Qt.Key.Key_J: "select"}
"""With Ctrl."""
