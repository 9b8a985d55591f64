"""Making and changing outlines: areas and their algebra, edges of the image, motion between images, agreement of readers.

Plain functions of points and pixels (numpy, shapely, OpenCV); no files, no Qt.
"""
